//! The implementation of [`Objective`] for policy gradients.

use super::checks::check_rows_of_groups;
use super::{GroupPolicy, GroupPolicyRow};
use crate::objective::row::{check_rows, check_statistics};
use crate::objective::{Batch, BatchOutput, Objective, Split};
use crate::{GroupPolicyConfig, Result};
use align_data::streaming::RowStatistics;
use align_distributed::ProcessGroup;
use align_models::{CausalLm, ModelIdentity};
use std::path::Path;

impl<C: GroupPolicyConfig> Objective for GroupPolicy<C> {
    type Model = Box<dyn CausalLm>;
    type Row = GroupPolicyRow;
    type Config = C;

    fn config(&self) -> &C {
        &self.config
    }

    fn policy(&self) -> &Self::Model {
        &self.policy
    }

    fn policy_mut(&mut self) -> &mut Self::Model {
        &mut self.policy
    }

    fn into_policy(self) -> Box<dyn CausalLm> {
        self.policy
    }

    fn prepare(&mut self, split: Split, rows: &[GroupPolicyRow], group: &ProcessGroup) -> Result<()> {
        let what = split.name();
        check_rows(rows, &self.policy, what)?;
        check_rows_of_groups(rows, what, self.loss.needs_reference() && self.reference.is_none())?;
        match &mut self.reference {
            Some(reference) => reference.prepare((split, rows), group, |row| row.completion_ids.len()),
            None => Ok(()),
        }
    }

    fn prepare_streaming(&mut self, rows: RowStatistics, _: &ProcessGroup) -> Result<()> {
        check_statistics(rows, self.policy.vocab_size(), self.policy.max_position_embeddings())?;
        self.reference.as_mut().map_or(Ok(()), |reference| reference.prepare_streaming(rows))
    }

    fn compute_loss(&mut self, batch: &Batch<'_, GroupPolicyRow>, gradient_scale: Option<f64>) -> Result<BatchOutput> {
        let output = match batch.indices.is_empty() {
            true => BatchOutput::default(),
            false => self.compute(batch, gradient_scale)?,
        };
        if let Some(reference) = &mut self.reference {
            reference.exchange(batch.split, batch.group)?;
        }
        Ok(output)
    }

    /// The log-probabilities of the reference model.
    fn exchanges_values(&self) -> bool {
        self.reference.is_some()
    }

    /// The tokens of a batch, if the loss is a mean over the tokens of a step.
    fn batch_weight(&self, batch: &Batch<'_, GroupPolicyRow>) -> f64 {
        match self.loss.weighs_batches_by_tokens() {
            // A batch without tokens has no influence, but not all weights may be 0.
            true => self.counted_tokens(batch.all_rows()).max(f64::MIN_POSITIVE),
            false => 1.0,
        }
    }

    fn after_step(&mut self, step: u64) -> Result<()> {
        match (self.config.reference_sync(), &mut self.reference) {
            (Some((alpha, steps)), Some(reference)) if step.is_multiple_of(steps) => {
                reference.sync(&self.policy, alpha)
            }
            _ => Ok(()),
        }
    }

    fn reference_identity(&self) -> Option<&ModelIdentity> {
        self.reference.as_ref().map(super::Reference::identity)
    }

    fn save_tensors(&self, dir: &Path) -> Result<()> {
        self.reference.as_ref().map_or(Ok(()), |reference| reference.save_tensors(dir))
    }

    fn load_tensors(&mut self, dir: &Path) -> Result<()> {
        self.reference.as_mut().map_or(Ok(()), |reference| reference.load_tensors(dir))
    }
}
