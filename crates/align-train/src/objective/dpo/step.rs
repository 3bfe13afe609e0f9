//! The forward and backward passes of a batch: log-probabilities, the loss and its gradient.

use super::Dpo;
use crate::objective::pair_micro_batch::{PairMicroBatch, PairValues};
use crate::objective::row_statistics::{RowStatistics, chosen_and_rejected};
use crate::objective::token_logps::backward;
use crate::objective::{SequenceTokens, Split, TokenLogps};
use crate::{DpoConfig, Error, Result};
use align_losses::{LinearLogpsOptions, LossOutput, Mean, Pair, PairLogps, PairLoss, wpo_weights};
use tch::Tensor;

/// The result of a batch.
pub(super) struct BatchResult {
    /// The terms of the batch's loss.
    pub loss_terms: Vec<Mean>,
    /// The values from which metrics are computed.
    pub values: PairValues,
    /// The log-probabilities in the form that losses take.
    pub logps: PairLogps,
    /// β-DPO's beta for this batch.
    pub beta: Option<f64>,
}

impl Dpo {
    /// Computes the loss of held-out pairs.
    pub(super) fn evaluate(&mut self, split: Split, micro_batches: &[PairMicroBatch]) -> Result<BatchResult> {
        let (values, logps) = self.values_without_graph(split, micro_batches)?;
        Ok(BatchResult { loss_terms: self.loss.loss_terms(&logps)?, values, logps, beta: None })
    }

    /// Computes the loss of pairs, and adds the gradient of `scale` times their mean loss to the policy's gradients.
    pub(super) fn train(&mut self, split: Split, micro_batches: &[PairMicroBatch], scale: f64) -> Result<BatchResult> {
        match micro_batches {
            [single] => self.train_in_one_pass(split, std::slice::from_ref(single), scale),
            several if self.couples_batch() => self.train_in_two_passes(split, several, scale),
            several => self.train_in_one_pass(split, several, scale),
        }
    }

    /// Runs each micro-batch forward and backward.
    fn train_in_one_pass(&mut self, split: Split, micro_batches: &[PairMicroBatch], scale: f64) -> Result<BatchResult> {
        let pairs: usize = micro_batches.iter().map(PairMicroBatch::pairs).sum();
        let (mut all_values, mut losses, mut beta) = (Vec::new(), Vec::new(), None);
        for micro_batch in micro_batches {
            let reference = self.reference_logps(split, micro_batch)?;
            let (policy, values) = self.values(micro_batch, &reference)?;
            let (output, gradient, batch_beta) = self.loss_and_gradient(&values.logps()?)?;
            let gradient = Tensor::f_cat(&[gradient.chosen, gradient.rejected], 0)?;
            backward(&policy, &gradient.f_mul_scalar(scale * micro_batch.pairs() as f64 / pairs as f64)?)?;
            all_values.push(values);
            losses.push(output.losses);
            beta = batch_beta;
        }
        let values = PairValues::concat(all_values)?;
        let logps = values.logps()?;
        Ok(BatchResult { loss_terms: vec![Mean::of_pair_losses(&Tensor::f_cat(&losses, 0)?)?], values, logps, beta })
    }

    /// Runs all micro-batches forward to compute the loss, which couples their pairs. Then runs each one forward and backward.
    fn train_in_two_passes(
        &mut self,
        split: Split,
        micro_batches: &[PairMicroBatch],
        scale: f64,
    ) -> Result<BatchResult> {
        if !self.config.training.disable_dropout {
            let reason = format!(
                "is {}, which splits this batch into micro-batches. The loss depends on the whole batch, so each micro-batch is computed \
                 twice, and dropout would differ between the two passes: increase micro_batch_tokens, or set disable_dropout",
                self.config.micro_batch_tokens
            );
            return Err(Error::Config { option: "micro_batch_tokens", reason });
        }
        let (values, logps) = self.values_without_graph(split, micro_batches)?;
        let (output, gradient, beta) = self.loss_and_gradient(&logps)?;
        let mut start = 0;
        for micro_batch in micro_batches {
            let len = micro_batch.pairs() as i64;
            let Pair { chosen, rejected } = gradient.as_ref().try_map(|side| side.f_narrow(0, start, len))?;
            start += len;
            let policy = micro_batch.tokens.sequence_logps(&self.token_logps(micro_batch)?.logps)?;
            backward(&policy, &Tensor::f_cat(&[chosen, rejected], 0)?.f_mul_scalar(scale)?)?;
        }
        Ok(BatchResult { loss_terms: vec![Mean::of_pair_losses(&output.losses)?], values, logps, beta })
    }

    /// The log-probabilities of all micro-batches under both models, without a graph.
    fn values_without_graph(
        &mut self,
        split: Split,
        micro_batches: &[PairMicroBatch],
    ) -> Result<(PairValues, PairLogps)> {
        let values = micro_batches.iter().map(|micro_batch| {
            let reference = self.reference_logps(split, micro_batch)?;
            tch::no_grad(|| Ok(self.values(micro_batch, &reference)?.1))
        });
        let values = PairValues::concat(values.collect::<Result<_>>()?)?;
        let logps = values.logps()?;
        Ok((values, logps))
    }

    /// The losses of pairs, the gradient of their mean with respect to the policy's log-probabilities, and the batch's beta in β-DPO.
    fn loss_and_gradient(&mut self, logps: &PairLogps) -> Result<(LossOutput, Pair<Tensor>, Option<f64>)> {
        let Some(adaptive) = &mut self.beta else {
            let (output, gradient) = self.loss.evaluate_with_gradient(logps)?;
            return Ok((output, gradient, None));
        };
        let Pair { chosen, rejected } = logps.log_ratios();
        let beta = adaptive.next(&chosen.f_sub(rejected)?)?;
        let loss = DpoConfig { beta, ..self.config.clone() }.loss()?;
        let (output, gradient) = loss.evaluate_with_gradient(logps)?;
        Ok((output, gradient, Some(beta)))
    }

    /// The policy's log-probability of each sequence, `(2 · pairs)`, with its graph, and all values of the pairs.
    fn values(&self, micro_batch: &PairMicroBatch, reference: &Tensor) -> Result<(Tensor, PairValues)> {
        let tokens = &micro_batch.tokens;
        let token_logps = self.token_logps(micro_batch)?;
        let policy = tokens.sequence_logps(&token_logps.logps)?;
        let weights = wpo_pair_weights(&token_logps, tokens)?;
        let statistics = token_logps.statistics.map(|s| RowStatistics::new(tokens, &s)).transpose()?;
        let values = PairValues::new(&policy, reference, micro_batch, weights, statistics)?;
        Ok((policy, values))
    }

    fn token_logps(&self, micro_batch: &PairMicroBatch) -> Result<TokenLogps> {
        let options = LinearLogpsOptions {
            statistics: true,
            log_sum_sq_probs: self.config.use_weighting,
            ..LinearLogpsOptions::default()
        };
        TokenLogps::new(&self.policy, &micro_batch.hidden(&self.policy)?, &micro_batch.tokens, &options)
    }

    /// The reference log-probability of each sequence, `(2 · pairs)`.
    fn reference_logps(&mut self, split: Split, micro_batch: &PairMicroBatch) -> Result<Tensor> {
        let positions = |cache: &_| micro_batch.cache_positions(cache);
        let tokens = self.reference.logps(split, positions, |model| micro_batch.logps_without_graph(model))?;
        micro_batch.tokens.sequence_logps(&tokens.f_to_device(self.policy.device())?)
    }

    /// Whether the gradient of a pair depends on the other pairs of its batch.
    fn couples_batch(&self) -> bool {
        self.beta.is_some() || self.loss.couples_batch()
    }
}

/// WPO's weight of each pair, `(pairs)`, if the statistic that it needs was computed.
fn wpo_pair_weights(token_logps: &TokenLogps, tokens: &SequenceTokens) -> Result<Option<Tensor>> {
    let statistic = token_logps.statistics.as_ref().and_then(|statistics| statistics.log_sum_sq_probs.as_ref());
    let Some(log_sum_sq_probs) = statistic else { return Ok(None) };
    let sums = |x: &Tensor| chosen_and_rejected(&tokens.sum_by_row(&x.f_detach()?)?);
    let (logps, log_sum_sq_probs) = (sums(&token_logps.logps)?, sums(log_sum_sq_probs)?);
    Ok(Some(wpo_weights(&logps, &log_sum_sq_probs, &chosen_and_rejected(&tokens.counts)?)?))
}
