//! Training options, with TRL's names and defaults.

mod classification;
mod cpo;
mod divergence;
mod dpo;
mod group_policy;
mod hidden_layers;
mod kto;
mod prefix_sharing;
mod reward;
mod sft;
mod training;

pub use classification::ClassificationConfig;
pub use cpo::CpoConfig;
pub use divergence::FDivergenceType;
pub use dpo::DpoConfig;
pub use group_policy::{GroupPolicyConfig, GrpoConfig, RlooConfig};
pub use hidden_layers::HiddenLayers;
pub use kto::KtoConfig;
pub use prefix_sharing::PrefixSharing;
pub use reward::RewardConfig;
pub use sft::{PackingStrategy, SftConfig};
pub use training::{IntervalStrategy, SamplingStrategy, TrainingConfig};

use crate::{Error, Result};

/// Options that do not change the trained weights: they set what is written and when, or how much memory is used.
pub(crate) const OPTIONS_WITHOUT_EFFECT_ON_WEIGHTS: [&str; 16] = [
    "logging_steps",
    "eval_strategy",
    "eval_steps",
    "per_device_eval_batch_size",
    "save_strategy",
    "save_steps",
    "save_total_limit",
    "ref_log_probs_dir",
    "load_best_model_at_end",
    "metric_for_best_model",
    "greater_is_better",
    "early_stopping_patience",
    "early_stopping_threshold",
    "gradient_checkpointing",
    "zero_stage",
    "skip_memory_check",
];

/// Returns an error that names the option unless `valid`.
fn require(option: &'static str, valid: bool, reason: impl FnOnce() -> String) -> Result<()> {
    if valid { Ok(()) } else { Err(config_error(option, reason())) }
}

fn config_error(option: &'static str, reason: impl Into<String>) -> Error {
    Error::Config { option, reason: reason.into() }
}
