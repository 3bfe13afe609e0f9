//! The way of a batch through DPO: micro-batches, log-probabilities, the loss, its gradient.

use super::Dpo;
use crate::objective::pair_length::PairLength;
use crate::objective::pair_micro_batch::{PairMicroBatch, PairValues};
use crate::objective::row::padding_id;
use crate::objective::row_statistics::{RowStatistics, halves};
use crate::objective::shared_prefixes::SharedPrefixes;
use crate::objective::token_logps::backward;
use crate::objective::{Batch, SequenceTokens, Split, TokenLogps};
use crate::{DpoConfig, Error, PrefixSharing, Result};
use align_data::{CompletionBatch, EncodedPair};
use align_losses::{LinearLogpsOptions, LossOutput, Mean, Pair, PairLogps, PairLoss, wpo_weights};
use align_models::CausalLm;
use tch::{Kind, Tensor};

/// What a batch gave.
pub(super) struct Step {
    /// The means that add up to the batch's loss.
    pub losses: Vec<Mean>,
    /// What its metrics are of, and as losses take it.
    pub values: PairValues,
    pub logps: PairLogps,
    /// β-DPO's beta.
    pub beta: Option<f64>,
}

impl Dpo {
    /// The loss of held-out pairs.
    pub(super) fn evaluate(&mut self, split: Split, micro_batches: &[PairMicroBatch]) -> Result<Step> {
        let (values, logps) = self.frozen_values(split, micro_batches)?;
        Ok(Step { losses: self.loss.means(&logps)?, values, logps, beta: None })
    }

    /// The loss of pairs, with the gradient of `share` times its mean added to the policy's weights.
    pub(super) fn train(&mut self, split: Split, micro_batches: &[PairMicroBatch], share: f64) -> Result<Step> {
        match micro_batches {
            [whole] => self.train_in_one_pass(split, std::slice::from_ref(whole), share),
            several if self.couples_batch() => self.train_in_two_passes(split, several, share),
            several => self.train_in_one_pass(split, several, share),
        }
    }

    /// Each micro-batch forward and back.
    fn train_in_one_pass(&mut self, split: Split, micro_batches: &[PairMicroBatch], share: f64) -> Result<Step> {
        let pairs: usize = micro_batches.iter().map(PairMicroBatch::pairs).sum();
        let (mut all, mut losses, mut beta) = (Vec::new(), Vec::new(), None);
        for micro_batch in micro_batches {
            let reference = self.reference_logps(split, micro_batch)?;
            let (policy, values) = self.values(micro_batch, &reference)?;
            let (output, by_logps, adapted) = self.loss_and_gradient(&values.logps()?)?;
            let by_logps = Tensor::f_cat(&[by_logps.chosen, by_logps.rejected], 0)?;
            backward(&policy, &by_logps.f_mul_scalar(share * micro_batch.pairs() as f64 / pairs as f64)?)?;
            all.push(values);
            losses.push(output.losses);
            beta = adapted;
        }
        let values = PairValues::joined(all)?;
        let logps = values.logps()?;
        Ok(Step { losses: vec![mean_over_pairs(&Tensor::f_cat(&losses, 0)?)?], values, logps, beta })
    }

    /// All micro-batches forward for the loss, which couples their pairs, then each forward again and back.
    fn train_in_two_passes(&mut self, split: Split, micro_batches: &[PairMicroBatch], share: f64) -> Result<Step> {
        if !self.config.training.disable_dropout {
            let reason = format!(
                "{} takes this batch apart, whose loss couples its pairs, and dropout would differ when a part is computed again: \
                 raise it, or leave dropout off",
                self.config.micro_batch_tokens
            );
            return Err(Error::Config { option: "micro_batch_tokens", reason });
        }
        let (values, logps) = self.frozen_values(split, micro_batches)?;
        let (output, by_logps, beta) = self.loss_and_gradient(&logps)?;
        let mut start = 0;
        for micro_batch in micro_batches {
            let len = micro_batch.pairs() as i64;
            let Pair { chosen, rejected } = by_logps.as_ref().try_map(|side| side.f_narrow(0, start, len))?;
            start += len;
            let policy = micro_batch.tokens.logps(&self.token_logps(micro_batch)?.logps)?;
            backward(&policy, &Tensor::f_cat(&[chosen, rejected], 0)?.f_mul_scalar(share)?)?;
        }
        Ok(Step { losses: vec![mean_over_pairs(&output.losses)?], values, logps, beta })
    }

    /// The log-probabilities of all micro-batches under both models, without a graph.
    fn frozen_values(&mut self, split: Split, micro_batches: &[PairMicroBatch]) -> Result<(PairValues, PairLogps)> {
        let values = micro_batches.iter().map(|micro_batch| {
            let reference = self.reference_logps(split, micro_batch)?;
            tch::no_grad(|| Ok(self.values(micro_batch, &reference)?.1))
        });
        let values = PairValues::joined(values.collect::<Result<_>>()?)?;
        let logps = values.logps()?;
        Ok((values, logps))
    }

    /// The losses of pairs, the derivative of their mean by the policy's log-probabilities, and β-DPO's beta, which moves.
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
        let policy = tokens.logps(&token_logps.logps)?;
        let weights = wpo(&token_logps, tokens)?;
        let statistics = token_logps.statistics.map(|found| RowStatistics::new(tokens, &found)).transpose()?;
        let values = PairValues::new(&policy, reference, tokens, weights, statistics)?;
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

    /// The reference's log-probability of each sequence, `(2 · pairs)`.
    fn reference_logps(&mut self, split: Split, micro_batch: &PairMicroBatch) -> Result<Tensor> {
        let places = |remembered: &_| micro_batch.places(remembered);
        let tokens = self.reference.logps(split, places, |model| micro_batch.frozen_logps(model))?;
        micro_batch.tokens.logps(&tokens.f_to_device(self.policy.device())?)
    }

    /// Whether a pair's gradient depends on the batch's other pairs.
    fn couples_batch(&self) -> bool {
        self.beta.is_some() || self.loss.couples_batch()
    }

    /// The batch's pairs in micro-batches of at most `micro_batch_tokens` tokens.
    pub(super) fn micro_batches(&self, batch: &Batch<'_, EncodedPair>) -> Result<Vec<PairMicroBatch>> {
        let rows = batch.rows();
        let split = self.split_rows(rows.iter().map(|pair| PairLength::of(pair)));
        let micro_batch = |places: Vec<usize>| {
            let pairs: Vec<&EncodedPair> = places.iter().filter_map(|place| rows.get(*place).copied()).collect();
            let indices = places.iter().filter_map(|place| batch.indices.get(*place).copied()).collect();
            micro_batch(&self.policy, &self.config, self.sharing, &pairs, indices)
        };
        split.into_iter().map(micro_batch).collect()
    }
}

/// Pairs as one micro-batch.
pub(super) fn micro_batch(
    policy: &dyn CausalLm,
    config: &DpoConfig,
    sharing: PrefixSharing,
    pairs: &[&EncodedPair],
    indices: Vec<usize>,
) -> Result<PairMicroBatch> {
    let sequences = CompletionBatch::of_pairs(pairs, padding_id(policy))?.to_device(policy.device())?;
    let tokens = predicted_tokens(&sequences, config.ld_alpha)?;
    let length = pairs.iter().fold(PairLength::default(), |all, pair| all.and(PairLength::of(pair)));
    let shares = length.shares(sharing);
    let shared = shares.then(|| SharedPrefixes::of(pairs, &sequences, false)).transpose()?;
    PairMicroBatch::new(indices, pairs, sequences, shared, tokens)
}

/// Both sides' tokens; with `ld_alpha` those beyond the shorter side's length count less (LD-DPO).
fn predicted_tokens(sequences: &CompletionBatch, ld_alpha: Option<f64>) -> Result<SequenceTokens> {
    let tokens = SequenceTokens::of(sequences)?;
    let Some(alpha) = ld_alpha else { return Ok(tokens) };
    let Pair { chosen, rejected } = halves(&tokens.counts)?;
    let shared = chosen.f_minimum(&rejected)?;
    let shared = Tensor::f_cat(&[&shared, &shared], 0)?.f_index_select(0, &tokens.rows)?;
    let in_common = tokens.places()?.f_lt_tensor(&shared)?.f_to_kind(Kind::Float)?;
    let weights = in_common.f_mul_scalar(1.0 - alpha)?.f_add_scalar(alpha)?;
    Ok(tokens.with_weights(weights))
}

/// WPO's weight of each pair, `(pairs)`, where its statistic was asked for.
fn wpo(token_logps: &TokenLogps, tokens: &SequenceTokens) -> Result<Option<Tensor>> {
    let statistics = token_logps.statistics.as_ref().and_then(|found| found.log_sum_sq_probs.as_ref());
    let Some(log_sum_sq_probs) = statistics else { return Ok(None) };
    let sums = |x: &Tensor| halves(&tokens.sums(&x.f_detach()?)?);
    let (logps, log_sum_sq_probs) = (sums(&token_logps.logps)?, sums(log_sum_sq_probs)?);
    Ok(Some(wpo_weights(&logps, &log_sum_sq_probs, &halves(&tokens.counts)?)?))
}

fn mean_over_pairs(losses: &Tensor) -> Result<Mean> {
    Ok(Mean::over_pairs(losses.f_mean(Kind::Double)?.f_double_value(&[])?, losses.numel()))
}
