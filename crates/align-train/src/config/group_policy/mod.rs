//! Options of policy gradients on groups of completions.

mod grpo;
mod reference;
mod rloo;

pub use grpo::GrpoConfig;
pub use rloo::RlooConfig;

use super::{config_error, require};
use crate::{Result, RunConfig};
use align_losses::{GroupPolicyLoss, GroupRewards};

/// Half of the tokens in a batch of 16 completions of 150 tokens each.
const DEFAULT_MICRO_BATCH_TOKENS: usize = 1280;
/// TRL's default `max_completion_length`.
const DEFAULT_MAX_COMPLETION_LENGTH: usize = 512;

/// The options of a [`GroupPolicy`](crate::objective::GroupPolicy) objective: [`GrpoConfig`], [`RlooConfig`], or a user's own.
pub trait GroupPolicyConfig: RunConfig {
    /// The loss of tokens that these options describe.
    ///
    /// # Errors
    /// Options that are out of range, contradict each other, or would be ignored.
    fn loss(&self) -> Result<Box<dyn GroupPolicyLoss>>;

    /// The advantages of completions with these rewards.
    ///
    /// * `kl`: for each completion the sum over its tokens of `log π_old - log π_ref`, if [`GroupPolicyConfig::needs_kl_in_rewards`].
    ///
    /// # Errors
    /// Divergences that are missing, or whose number is not that of the rewards.
    fn advantages(&self, rewards: &GroupRewards, kl: &[f64]) -> Result<Vec<f64>>;

    /// Whether the advantages need the KL divergence of each completion from the reference model.
    fn needs_kl_in_rewards(&self) -> bool {
        false
    }

    /// The weight of the KL divergence from the reference model.
    fn beta(&self) -> f64;

    /// These options with another weight of the KL divergence.
    #[must_use]
    fn with_beta(&self, beta: f64) -> Self;

    /// The weights of the reward functions; `None` for 1 each.
    fn reward_weights(&self) -> Option<&[f64]>;

    /// Completions per prompt.
    fn num_generations(&self) -> usize;

    /// Optimiser passes over the completions of one generation.
    fn num_iterations(&self) -> usize;

    /// Whether completions that were cut off at the maximum length are left out.
    fn mask_truncated_completions(&self) -> bool;

    /// The sampling temperature, at which log-probabilities are computed.
    fn temperature(&self) -> f64;

    /// The weight of the policy in an update of the reference model, and the optimiser steps between updates. `None` for a fixed reference.
    fn reference_sync(&self) -> Option<(f64, u64)> {
        None
    }

    /// The tokens of a forward pass, padding included.
    fn forward_tokens(&self) -> usize {
        self.micro_batch_tokens().unwrap_or(usize::MAX)
    }
}

/// Checks the options that both objectives have.
fn validate_common(config: &impl GroupPolicyConfig) -> Result<()> {
    let (group, iterations, temperature) = (config.num_generations(), config.num_iterations(), config.temperature());
    require("num_generations", group >= 2, || {
        format!("is {group}, expected at least 2: a completion is compared with the others of its prompt")
    })?;
    require("num_iterations", iterations > 0, || "is 0, expected at least 1".into())?;
    require("temperature", temperature.is_finite() && temperature > 0.0, || {
        format!("is {temperature}, expected a finite number above 0")
    })?;
    require("micro_batch_tokens", config.forward_tokens() > 0, || "is 0, expected at least 1".into())?;
    if let Some(weights) = config.reward_weights() {
        require("reward_weights", !weights.is_empty(), || "is empty: give one weight for each reward function".into())?;
        if let Some(weight) = weights.iter().find(|weight| !weight.is_finite()) {
            return Err(config_error("reward_weights", format!("has {weight}, expected finite numbers")));
        }
    }
    Ok(())
}
