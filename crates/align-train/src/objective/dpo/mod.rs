mod metrics;
mod micro_batch;
mod objective;
mod reference_ahead;
mod step;

use super::hidden_distance::HiddenDistance;
use super::reference::Reference;
use crate::{DpoConfig, Error, PrefixSharing, Result, RunConfig};
use align_losses::{AdaptiveBeta, PairLoss};
use align_models::CausalLm;

/// Direct preference optimisation (arXiv:2305.18290) and its variants: a loss on the log-probabilities of preference pairs under the
/// policy and a reference model.
#[derive(Debug)]
pub struct Dpo {
    policy: Box<dyn CausalLm>,
    reference: Reference,
    config: DpoConfig,
    loss: Box<dyn PairLoss>,
    /// β-DPO's state, if beta adapts to each batch.
    beta: Option<AdaptiveBeta>,
    /// The penalty on the distance of hidden states, if there is one.
    hidden_distance: Option<HiddenDistance>,
    sharing: PrefixSharing,
    /// Whether training has started, so that the policy may differ from the reference model.
    trained: bool,
}

impl Dpo {
    /// Creates the objective. Without a `reference`, the reference model is a copy of the policy.
    ///
    /// # Errors
    /// Invalid options, or a reference model with another vocabulary.
    pub fn new(
        policy: impl CausalLm + 'static,
        reference: Option<Box<dyn CausalLm>>,
        config: DpoConfig,
    ) -> Result<Self> {
        config.validate()?;
        let policy: Box<dyn CausalLm> = Box::new(policy);
        check_adapter_options(&policy, &config)?;
        let sharing = config.prefix_sharing.for_model(&policy, &config.training)?;
        let (loss, beta) = (config.loss()?, config.adaptive_beta()?);
        let reference = match config.precompute_ref_log_probs {
            false => Reference::new(reference, &policy)?,
            true => Reference::for_precomputing(reference, &policy)?,
        };
        let hidden_distance = HiddenDistance::new(&config, &policy, reference.model().ok())?;
        Ok(Self { policy, reference, config, loss, beta, hidden_distance, sharing, trained: false })
    }

    /// Creates the objective with a custom loss instead of the one in the configuration. The loss finds the numbers of the pairs that the
    /// configuration selects in its [`PairLogps`](align_losses::PairLogps); it has soft labels as an [`align_losses::SoftLabels`].
    ///
    /// # Errors
    /// Those of [`Dpo::new`], or `beta_dpo_alpha`, which needs a loss from the configuration.
    pub fn with_loss(
        policy: impl CausalLm + 'static,
        reference: Option<Box<dyn CausalLm>>,
        config: DpoConfig,
        loss: Box<dyn PairLoss>,
    ) -> Result<Self> {
        if config.beta_dpo_alpha.is_some() {
            let reason = "cannot be used with a custom loss, which has a constant beta: remove it".into();
            return Err(Error::Config { option: "beta_dpo_alpha", reason });
        }
        Ok(Self { loss, ..Self::new(policy, reference, config)? })
    }

    /// The reference model.
    ///
    /// # Errors
    /// It is unloaded, because its log-probabilities were precomputed.
    pub fn reference(&self) -> Result<&dyn CausalLm> {
        self.reference.model()
    }

    /// The current beta of the loss.
    #[must_use]
    pub fn beta(&self) -> f64 {
        self.loss.beta()
    }

    /// Sets the beta of the loss from the next step on. It is not part of a checkpoint. The options keep the beta of the start.
    ///
    /// # Errors
    /// A beta that is out of range, or β-DPO, which sets beta itself.
    pub fn set_beta(&mut self, beta: f64) -> Result<()> {
        if self.beta.is_some() {
            let reason = "sets beta by the margins of each batch: remove it, or do not set beta".into();
            return Err(Error::Config { option: "beta_dpo_alpha", reason });
        }
        self.loss = DpoConfig { beta, ..self.config.clone() }.loss()?;
        Ok(())
    }
}

/// Rejects options that compare or average individual weights if the policy has an adapter: only the product of an adapter's two matrices
/// is comparable between models.
fn check_adapter_options(policy: &dyn CausalLm, config: &DpoConfig) -> Result<()> {
    let has_adapter = policy.frozen_parameters().is_some();
    let reason = "cannot be used with an adapter: remove it or train all weights";
    for (option, given) in
        [("sync_ref_model", config.sync_ref_model), ("weight_distance_coef", config.weight_distance_coef > 0.0)]
    {
        if has_adapter && given {
            return Err(Error::Config { option, reason: reason.into() });
        }
    }
    Ok(())
}
