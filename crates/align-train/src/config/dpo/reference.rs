//! The options of the reference.

use super::DpoConfig;
use crate::Result;
use crate::config::require;

/// TRL's share of the policy in a moved reference.
const DEFAULT_MIXUP_ALPHA: f64 = 0.6;
/// TRL's steps between the reference's moves.
const DEFAULT_SYNC_STEPS: u64 = 512;

impl DpoConfig {
    /// Checks the options of the reference.
    pub(super) fn validate_reference(&self) -> Result<()> {
        let distance = self.weight_distance_coef;
        require("weight_distance_coef", distance >= 0.0 && distance.is_finite(), || {
            format!("is {distance}, expected 0 or more")
        })?;
        let given = [
            ("ref_model_mixup_alpha", self.ref_model_mixup_alpha.is_some()),
            ("ref_model_sync_steps", self.ref_model_sync_steps.is_some()),
        ];
        for (option, given) in given {
            require(option, self.sync_ref_model || !given, || "has an effect with sync_ref_model only".into())?;
        }
        let precompute = self.precompute_ref_log_probs;
        require("precompute_ref_log_probs", !precompute || !self.sync_ref_model, || {
            "stands beside sync_ref_model, which moves the reference: leave one of the two away".into()
        })?;
        require("precompute_ref_log_probs", !precompute || distance == 0.0, || {
            "stands beside weight_distance_coef, which needs the reference's weights: leave one of the two away".into()
        })?;
        require("ref_log_probs_dir", precompute || self.ref_log_probs_dir.is_none(), || {
            "has an effect with precompute_ref_log_probs only".into()
        })?;
        let Some((alpha, every)) = self.reference_sync() else { return Ok(()) };
        require("ref_model_mixup_alpha", alpha > 0.0 && alpha <= 1.0, || {
            format!("is {alpha}, expected above 0 and at most 1")
        })?;
        require("ref_model_sync_steps", every > 0, || "is 0, expected at least 1".into())
    }

    /// The policy's share in the moved reference, and the steps between its moves; none if it stands still.
    pub(crate) fn reference_sync(&self) -> Option<(f64, u64)> {
        self.sync_ref_model.then(|| {
            let alpha = self.ref_model_mixup_alpha.unwrap_or(DEFAULT_MIXUP_ALPHA);
            (alpha, self.ref_model_sync_steps.unwrap_or(DEFAULT_SYNC_STEPS))
        })
    }
}
