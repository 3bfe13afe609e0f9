//! Policy gradients on groups of completions with advantages: GRPO and RLOO.

mod checks;
mod logps_at_temperature;
mod metrics;
mod micro_batch;
mod objective;
mod row;
mod step;

pub use logps_at_temperature::completion_logps_at_temperature;
pub use row::GroupPolicyRow;

use super::reference::Reference;
use crate::{Error, GroupPolicyConfig, GrpoConfig, PrefixSharing, Result, RlooConfig};
use align_losses::GroupPolicyLoss;
use align_models::CausalLm;
use checks::check_temperature;

/// A policy gradient on completions that the policy has generated, each with an advantage: GRPO, RLOO, or a loss of one's own.
///
/// The rows are those of one or several generations; [`GroupPolicyConfig::advantages`] turns rewards into their advantages. On-policy rows
/// need no old log-probabilities: those of the policy are taken, whose ratio is 1. If a generation is used for several optimiser steps,
/// [`GroupPolicy::set_old_logps`] stores the log-probabilities before the first one.
#[derive(Debug)]
pub struct GroupPolicy<C: GroupPolicyConfig> {
    policy: Box<dyn CausalLm>,
    /// `None` if the loss needs none, or rows have the log-probabilities themselves.
    reference: Option<Reference>,
    config: C,
    loss: Box<dyn GroupPolicyLoss>,
    sharing: PrefixSharing,
    /// Divides the logits.
    temperature: f64,
    /// The weight of the KL divergence.
    beta: f64,
}

/// Group relative policy optimisation (arXiv:2402.03300) and its variants.
pub type Grpo = GroupPolicy<GrpoConfig>;
/// REINFORCE leave-one-out (arXiv:2402.14740).
pub type Rloo = GroupPolicy<RlooConfig>;

impl<C: GroupPolicyConfig> GroupPolicy<C> {
    /// Creates the objective. If the loss or the advantages have a KL penalty and there is no `reference`, the reference model is a copy of the
    /// policy.
    ///
    /// # Errors
    /// Invalid options, a reference model with another vocabulary, or one that would be ignored.
    pub fn new(policy: impl CausalLm + 'static, reference: Option<Box<dyn CausalLm>>, config: C) -> Result<Self> {
        let mut objective = Self::without_reference(policy, config)?;
        if objective.loss.needs_reference() || objective.config.needs_kl_in_rewards() {
            objective.reference = Some(Reference::new(reference, &objective.policy)?);
        } else if reference.is_some() {
            return Err(Error::Data(
                "beta is 0, so the reference model would be ignored: leave it out, or set beta".into(),
            ));
        }
        objective.check_moving_reference()?;
        Ok(objective)
    }

    /// Creates the objective without a reference model. If the loss has a KL penalty, every row needs
    /// [`GroupPolicyRow::reference_logps`].
    ///
    /// # Errors
    /// Invalid options.
    pub fn without_reference(policy: impl CausalLm + 'static, config: C) -> Result<Self> {
        config.validate()?;
        let policy: Box<dyn CausalLm> = Box::new(policy);
        let (loss, temperature, beta) = (config.loss()?, config.temperature(), config.beta());
        check_temperature(&policy, temperature)?;
        let sharing = config.prefix_sharing().for_model(&policy, config.training())?;
        Ok(Self { policy, reference: None, config, loss, sharing, temperature, beta })
    }

    /// The reference model, if there is one.
    #[must_use]
    pub fn reference(&self) -> Option<&dyn CausalLm> {
        self.reference.as_ref().and_then(|reference| reference.model().ok())
    }

    /// The weight of the KL divergence from the reference model, in the loss or in the rewards.
    #[must_use]
    pub fn beta(&self) -> f64 {
        self.beta
    }

    /// Sets the weight of the KL divergence from the next step on. It is not part of a checkpoint. The options keep that of the start.
    ///
    /// # Errors
    /// A weight that is out of range, or an objective without a reference model.
    pub fn set_beta(&mut self, beta: f64) -> Result<()> {
        if self.reference.is_none() {
            let reason = "is 0, which needs no reference model, so that it cannot change: set it above 0".into();
            return Err(Error::Config { option: "beta", reason });
        }
        self.loss = self.config.with_beta(beta).loss()?;
        self.beta = beta;
        Ok(())
    }

    /// Replaces the loss of the options by another.
    #[must_use]
    pub fn with_loss(self, loss: Box<dyn GroupPolicyLoss>) -> Self {
        Self { loss, ..self }
    }

    /// Sets the temperature of the next rows, if it is not the same for all generations.
    ///
    /// # Errors
    /// A temperature that is not a finite number above 0, or one other than 1 for a model that caps its logits.
    pub fn set_temperature(&mut self, temperature: f64) -> Result<()> {
        check_temperature(&self.policy, temperature)?;
        if temperature != self.temperature {
            self.temperature = temperature;
            self.reference.as_mut().map_or(Ok(()), Reference::clear)?;
        }
        Ok(())
    }

    /// Stores the policy's present log-probabilities as the old ones of the rows, before a generation is used for several steps.
    ///
    /// # Errors
    /// Rows that the policy cannot process.
    pub fn set_old_logps(&self, rows: &mut [GroupPolicyRow]) -> Result<()> {
        let logps = self.policy_logps(rows)?;
        rows.iter_mut().zip(logps).for_each(|(row, logps)| row.old_logps = Some(logps));
        Ok(())
    }

    /// The policy's present log-probability of each token of the completions.
    ///
    /// # Errors
    /// Rows that the policy cannot process.
    pub fn policy_logps(&self, rows: &[GroupPolicyRow]) -> Result<Vec<Vec<f32>>> {
        let rows: Vec<_> = rows.iter().map(GroupPolicyRow::sequence).collect();
        completion_logps_at_temperature(&self.policy, &rows, self.temperature, self.config.forward_tokens())
    }

    fn check_moving_reference(&self) -> Result<()> {
        let moves = self.config.reference_sync().is_some();
        if moves && self.policy.frozen_parameters().is_some() {
            let reason = "cannot be used with an adapter: remove it or train all weights".into();
            return Err(Error::Config { option: "sync_ref_model", reason });
        }
        Ok(())
    }
}
