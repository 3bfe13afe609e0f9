//! The loss of a batch and its gradient.

use super::metrics::batch_metrics;
use super::micro_batch::MicroBatch;
use super::{GroupPolicy, GroupPolicyRow};
use crate::objective::micro_batches::split_into_micro_batches;
use crate::objective::row_statistics::RowStatistics;
use crate::objective::token_logps::backward;
use crate::objective::{Batch, BatchOutput, Split, TokenLogps};
use crate::{Error, GroupPolicyConfig, Result};
use align_losses::{Mean, Over, PolicyTokens};
use tch::{Kind, Tensor};

impl<C: GroupPolicyConfig> GroupPolicy<C> {
    /// Whether the tokens of a row are in the loss.
    pub(super) fn counts(&self, row: &GroupPolicyRow) -> bool {
        !(row.truncated && self.config.mask_truncated_completions())
    }

    /// The tokens of rows that are in the loss.
    pub(super) fn counted_tokens<'a>(&self, rows: impl Iterator<Item = &'a GroupPolicyRow>) -> f64 {
        rows.filter(|row| self.counts(row)).map(|row| row.completion_ids.len() as f64).sum()
    }

    /// The rows or tokens of all processes that the loss of a batch is a mean of.
    fn units(&self, batch: &Batch<'_, GroupPolicyRow>) -> f64 {
        match self.loss.mean_over() {
            Over::Tokens => self.counted_tokens(batch.all_rows()),
            _ => batch.all_indices.len() as f64,
        }
    }

    /// Computes the loss of this process's rows, one micro-batch after the other.
    pub(super) fn compute(
        &mut self,
        batch: &Batch<'_, GroupPolicyRow>,
        gradient_scale: Option<f64>,
    ) -> Result<BatchOutput> {
        let rows: Vec<(usize, &GroupPolicyRow)> =
            batch.indices.iter().filter_map(|index| Some((*index, batch.dataset.get(*index)?))).collect();
        // Rows without a gradient need no backward pass. The others come last, whose gradients are sent while they are computed.
        let (with_gradient, without): (Vec<_>, Vec<_>) = rows.into_iter().partition(|(_, row)| self.has_gradient(row));
        let (without, with_gradient) = (self.split(&without), self.split(&with_gradient));
        let last = without.len() + with_gradient.len();
        let units = self.units(batch).max(1.0);
        let (mut losses, mut statistics, mut tokens) = (Vec::new(), Vec::new(), Vec::new());
        let (mut counted, mut all_tokens) = (Vec::new(), 0);
        let scales = std::iter::repeat_n(None, without.len()).chain(std::iter::repeat(gradient_scale));
        for ((number, own), scale) in (1..).zip(without.iter().chain(&with_gradient)).zip(scales) {
            let micro_batch = self.micro_batch(own)?;
            let logps = || micro_batch.logps(&self.policy, self.temperature, true);
            let TokenLogps { logps, statistics: distributions } =
                if scale.is_some() { logps() } else { tch::no_grad(logps) }?;
            let inputs = self.policy_tokens(batch.split, &micro_batch, own, &logps)?;
            let output = self.loss.loss_and_gradient(&inputs)?;
            if let Some(scale) = scale {
                let gradient = micro_batch.values(&output.gradient)?;
                if number == last {
                    batch.begin_last_backward();
                }
                backward(&logps, &gradient.f_mul_scalar(scale * output.loss.count / units)?)?;
            }
            losses.push(output.loss);
            statistics.push(output.statistics);
            tokens.extend(distributions.map(|x| RowStatistics::new(&micro_batch.tokens, &x)).transpose()?);
            counted.extend(own.iter().map(|(_, row)| self.counts(row)));
            all_tokens += micro_batch.all_tokens()?;
        }
        let loss_terms: Vec<Mean> = Mean::combine(losses).into_iter().collect();
        Ok(BatchOutput { loss_terms, metrics: batch_metrics(&statistics, tokens, &counted), tokens: all_tokens })
    }

    /// Whether the gradient of a row's loss can differ from 0.
    fn has_gradient(&self, row: &GroupPolicyRow) -> bool {
        self.counts(row) && (row.advantage != 0.0 || !self.loss.is_zero_without_advantage())
    }

    /// Rows in micro-batches of at most `micro_batch_tokens` tokens.
    fn split<'a>(&self, rows: &[(usize, &'a GroupPolicyRow)]) -> Vec<Vec<(usize, &'a GroupPolicyRow)>> {
        if rows.is_empty() {
            return Vec::new();
        }
        let sequences: Vec<_> = rows.iter().map(|(_, row)| [row.sequence()]).collect();
        let micro_batches = split_into_micro_batches(&sequences, self.config.forward_tokens(), self.sharing);
        let own = |indices: Vec<usize>| indices.iter().filter_map(|index| rows.get(*index).copied()).collect();
        micro_batches.into_iter().map(own).collect()
    }

    fn micro_batch(&self, rows: &[(usize, &GroupPolicyRow)]) -> Result<MicroBatch> {
        MicroBatch::new(&self.policy, &rows.iter().map(|(_, row)| row.sequence()).collect::<Vec<_>>(), self.sharing)
    }

    /// The input of the loss, from the log-probabilities of the tokens `(n)`.
    fn policy_tokens(
        &mut self,
        split: Split,
        micro_batch: &MicroBatch,
        rows: &[(usize, &GroupPolicyRow)],
        logps: &Tensor,
    ) -> Result<PolicyTokens> {
        let logps = logps.f_detach()?;
        let (kind, device) = (logps.kind(), logps.device());
        let mask = micro_batch.mask(rows.iter().map(|(_, row)| self.counts(row)))?;
        let advantages: Vec<f64> = rows.iter().map(|(_, row)| row.advantage).collect();
        let advantages = Tensor::f_from_slice(&advantages)?.f_to_kind(kind)?.f_to_device(device)?;
        let mut tokens = PolicyTokens::new(&micro_batch.table(&logps)?, &mask, &advantages)?;
        if rows.iter().any(|(_, row)| row.old_logps.is_some()) {
            let old = self.old_logps(micro_batch, rows, &logps)?;
            tokens = tokens.with_old_logps(&old)?;
        }
        if self.loss.needs_reference() {
            let reference = self.reference_logps(split, micro_batch, rows)?;
            tokens = tokens.with_reference_logps(&reference.f_to_kind(kind)?.f_to_device(device)?)?;
        }
        Ok(tokens)
    }

    /// The old log-probabilities of the rows that have them, and the present ones of the others, as a table.
    fn old_logps(
        &self,
        micro_batch: &MicroBatch,
        rows: &[(usize, &GroupPolicyRow)],
        present: &Tensor,
    ) -> Result<Tensor> {
        let given = rows.iter().flat_map(|(_, row)| match &row.old_logps {
            Some(old) => old.clone(),
            None => vec![f32::NAN; row.completion_ids.len()],
        });
        let given: Vec<f32> = given.collect();
        let given = Tensor::f_from_slice(&given)?.f_to_kind(present.kind())?.f_to_device(present.device())?;
        micro_batch.table(&present.f_where_self(&given.f_isnan()?, &given)?)
    }

    /// The log-probabilities under the reference model, as a table.
    fn reference_logps(
        &mut self,
        split: Split,
        micro_batch: &MicroBatch,
        rows: &[(usize, &GroupPolicyRow)],
    ) -> Result<Tensor> {
        let given: Option<Vec<&[f32]>> = rows.iter().map(|(_, row)| row.reference_logps.as_deref()).collect();
        if let Some(given) = given {
            return micro_batch.table(&Tensor::f_from_slice(&given.concat())?.f_to_device(self.policy.device())?);
        }
        let (temperature, device) = (self.temperature, self.policy.device());
        let reference = self.reference.as_mut().ok_or_else(|| {
            Error::Data("there is neither a reference model nor its log-probabilities of all rows of a batch".into())
        })?;
        let logps = reference.logps(
            split,
            |cache| micro_batch.cache_positions(cache, rows),
            |model| micro_batch.logps_without_graph(model, temperature),
        )?;
        micro_batch.table(&logps.f_to_kind(Kind::Float)?.f_to_device(device)?)
    }
}
