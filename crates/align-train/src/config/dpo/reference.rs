//! The options of the reference model.

use super::DpoConfig;
use crate::Result;
use crate::config::{config_error, require};

/// TRL's default `ref_model_mixup_alpha`.
const DEFAULT_MIXUP_ALPHA: f64 = 0.6;
/// TRL's default `ref_model_sync_steps`.
const DEFAULT_SYNC_STEPS: u64 = 512;

impl DpoConfig {
    /// Checks the options of the reference model.
    pub(super) fn validate_reference(&self) -> Result<()> {
        let (distance, hidden) = (self.weight_distance_coef, self.hidden_distance_coef);
        for (option, coefficient) in [("weight_distance_coef", distance), ("hidden_distance_coef", hidden)] {
            require(option, coefficient >= 0.0 && coefficient.is_finite(), || {
                format!("is {coefficient}, expected 0 or more")
            })?;
        }
        require("hidden_distance_layers", hidden > 0.0 || self.hidden_distance_layers.is_none(), || {
            "has no effect without hidden_distance_coef".into()
        })?;
        if let Some(layers) = &self.hidden_distance_layers {
            layers.validate().map_err(|problem| config_error("hidden_distance_layers", problem))?;
        }
        let given = [
            ("ref_model_mixup_alpha", self.ref_model_mixup_alpha.is_some()),
            ("ref_model_sync_steps", self.ref_model_sync_steps.is_some()),
        ];
        for (option, given) in given {
            require(option, self.sync_ref_model || !given, || "has no effect without sync_ref_model".into())?;
        }
        let precompute = self.precompute_ref_log_probs;
        require("precompute_ref_log_probs", !precompute || !self.sync_ref_model, || {
            "conflicts with sync_ref_model, which updates the reference model: remove one of the two".into()
        })?;
        require("precompute_ref_log_probs", !precompute || distance == 0.0, || {
            "conflicts with weight_distance_coef, which needs the reference model's weights: remove one of the two"
                .into()
        })?;
        require("precompute_ref_log_probs", !precompute || hidden == 0.0, || {
            "conflicts with hidden_distance_coef, which needs the reference model's hidden states in every step: remove one of the two"
                .into()
        })?;
        require("ref_log_probs_dir", precompute || self.ref_log_probs_dir.is_none(), || {
            "has no effect without precompute_ref_log_probs".into()
        })?;
        let Some((alpha, steps)) = self.reference_sync() else { return Ok(()) };
        require("ref_model_mixup_alpha", alpha > 0.0 && alpha <= 1.0, || {
            format!("is {alpha}, expected above 0 and at most 1")
        })?;
        require("ref_model_sync_steps", steps > 0, || "is 0, expected at least 1".into())
    }

    /// The weight of the policy in an update of the reference model, and the steps between updates. `None` for a fixed reference.
    pub(crate) fn reference_sync(&self) -> Option<(f64, u64)> {
        self.sync_ref_model.then(|| {
            let alpha = self.ref_model_mixup_alpha.unwrap_or(DEFAULT_MIXUP_ALPHA);
            (alpha, self.ref_model_sync_steps.unwrap_or(DEFAULT_SYNC_STEPS))
        })
    }
}
