//! The options of TR-DPO's moving reference model, which GRPO has too.

use crate::Result;
use crate::config::require;

/// TRL's default `ref_model_mixup_alpha`.
const DEFAULT_MIXUP_ALPHA: f64 = 0.6;
/// TRL's default `ref_model_sync_steps`.
const DEFAULT_SYNC_STEPS: u64 = 512;

/// The options of a moving reference model.
#[derive(Debug, Clone, Copy)]
pub(super) struct ReferenceSync {
    pub sync: bool,
    pub alpha: Option<f64>,
    pub steps: Option<u64>,
    /// Whether the loss has a reference model.
    pub has_reference: bool,
}

impl ReferenceSync {
    /// The weight of the policy in an update, and the steps between updates.
    pub fn get(self) -> Option<(f64, u64)> {
        self.sync.then(|| (self.alpha.unwrap_or(DEFAULT_MIXUP_ALPHA), self.steps.unwrap_or(DEFAULT_SYNC_STEPS)))
    }

    pub fn validate(self) -> Result<()> {
        require("sync_ref_model", self.has_reference || !self.sync, || {
            "has no effect with beta 0, which needs no reference model: remove it or set beta".into()
        })?;
        let given = [("ref_model_mixup_alpha", self.alpha.is_some()), ("ref_model_sync_steps", self.steps.is_some())];
        for (option, given) in given {
            require(option, self.sync || !given, || "has no effect without sync_ref_model".into())?;
        }
        let Some((alpha, steps)) = self.get() else { return Ok(()) };
        require("ref_model_mixup_alpha", alpha > 0.0 && alpha <= 1.0, || {
            format!("is {alpha}, expected above 0 and at most 1")
        })?;
        require("ref_model_sync_steps", steps > 0, || "is 0, expected at least 1".into())
    }
}
