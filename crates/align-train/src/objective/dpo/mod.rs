mod metrics;
mod objective;
mod step;

use super::reference::Reference;
use crate::{DpoConfig, Error, PrefixSharing, Result, RunConfig};
use align_losses::{AdaptiveBeta, PairLoss};
use align_models::CausalLm;

/// Direct preference optimisation (arXiv:2305.18290) and its family: a policy, a reference, and a loss of their
/// log-probabilities of pairs.
#[derive(Debug)]
pub struct Dpo {
    policy: Box<dyn CausalLm>,
    reference: Reference,
    config: DpoConfig,
    loss: Box<dyn PairLoss>,
    /// β-DPO's beta, if it moves.
    beta: Option<AdaptiveBeta>,
    sharing: PrefixSharing,
    /// Whether the policy may have moved.
    trained: bool,
}

impl Dpo {
    /// The objective of a configuration. Without a `reference` it is a copy of the policy as it stands.
    ///
    /// # Errors
    /// Options that contradict each other, or a reference of another vocabulary.
    pub fn new(
        policy: impl CausalLm + 'static,
        reference: Option<Box<dyn CausalLm>>,
        config: DpoConfig,
    ) -> Result<Self> {
        config.validate()?;
        let policy: Box<dyn CausalLm> = Box::new(policy);
        refuse_under_adapter(&policy, &config)?;
        let sharing = config.prefix_sharing.for_model(&policy, &config.training)?;
        let (loss, beta) = (config.loss()?, config.adaptive_beta()?);
        let reference = match config.precompute_ref_log_probs {
            false => Reference::new(reference, &policy)?,
            true => Reference::for_precomputing(reference, &policy)?,
        };
        Ok(Self { policy, reference, config, loss, beta, sharing, trained: false })
    }

    /// The same with a loss of one's own, in place of the one that the configuration names.
    ///
    /// # Errors
    /// As [`Dpo::new`], or an option by which the configuration's own loss would move.
    pub fn with_loss(
        policy: impl CausalLm + 'static,
        reference: Option<Box<dyn CausalLm>>,
        config: DpoConfig,
        loss: Box<dyn PairLoss>,
    ) -> Result<Self> {
        if config.beta_dpo_alpha.is_some() {
            let reason = "stands beside a loss of one's own, whose beta is its own too".into();
            return Err(Error::Config { option: "beta_dpo_alpha", reason });
        }
        Ok(Self { loss, ..Self::new(policy, reference, config)? })
    }
}

/// Options of the weights themselves mean nothing for an adapter's matrices: it is their product that counts.
fn refuse_under_adapter(policy: &dyn CausalLm, config: &DpoConfig) -> Result<()> {
    let adapted = policy.frozen_parameters().is_some();
    let reason = "is for whole models: the policy has an adapter, so leave it out or train all weights";
    for (option, given) in
        [("sync_ref_model", config.sync_ref_model), ("weight_distance_coef", config.weight_distance_coef > 0.0)]
    {
        if adapted && given {
            return Err(Error::Config { option, reason: reason.into() });
        }
    }
    Ok(())
}
