//! The forward and backward passes of a batch: log-probabilities, the loss and its gradient.

use super::Dpo;
use crate::objective::gather::{OptionalValues, gather_pairs};
use crate::objective::pair_micro_batch::{PairMicroBatch, PairValues, predicted_tokens};
use crate::objective::row_statistics::{RowStatistics, chosen_and_rejected};
use crate::objective::token_logps::{backward, logps_kind};
use crate::objective::{Batch, SequenceTokens, Split, TokenLogps};
use crate::{DpoConfig, Error, Result};
use align_data::{EncodedPair, PairNumber};
use align_distributed::ProcessGroup;
use align_losses::{LinearLogpsOptions, LossOutput, Mean, Pair, PairLogps, PairLoss, wpo_weights};
use align_models::CausalLm;
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
    /// The mean distance of hidden states, if it is penalised.
    pub hidden_distance: Option<Mean>,
}

/// What the reference model gives for a micro-batch.
struct ReferenceValues {
    /// The log-probability of each sequence, `(2 · pairs)`.
    logps: Tensor,
    /// The hidden states that are compared.
    states: Vec<Tensor>,
}

/// What the policy gives for a micro-batch.
struct PolicyValues {
    /// The log-probability of each sequence, `(2 · pairs)`, with its graph.
    logps: Tensor,
    /// The sum of the distances of hidden states over the tokens, with its graph, if it is penalised.
    distance: Option<Tensor>,
    /// All values of the pairs.
    values: PairValues,
}

impl Dpo {
    /// Computes the loss of held-out pairs; `None` in a process without pairs of the batch.
    pub(super) fn evaluate(
        &mut self,
        batch: &Batch<'_, EncodedPair>,
        micro_batches: &[PairMicroBatch],
    ) -> Result<Option<BatchResult>> {
        let own = match micro_batches {
            [] => None,
            all => Some(self.values_without_graph(batch.split, all)?),
        };
        let own_logps = own.as_ref().map(|(values, _)| values.logps()).transpose()?;
        let terms = match &own_logps {
            _ if self.loss.couples_batch() => self.terms_of_all(own_logps.as_ref(), batch)?,
            Some(logps) => self.loss.loss_terms(logps)?,
            None => Vec::new(),
        };
        let Some(((values, hidden_distance), logps)) = own.zip(own_logps) else { return Ok(None) };
        let loss_terms = self.with_penalty(terms, hidden_distance);
        Ok(Some(BatchResult { loss_terms, values, logps, beta: None, hidden_distance }))
    }

    /// The terms of the loss of all processes' pairs, with this process's part of their counts.
    fn terms_of_all(&self, own: Option<&PairLogps>, batch: &Batch<'_, EncodedPair>) -> Result<Vec<Mean>> {
        let terms = self.loss.loss_terms(&self.gather(own, batch.group)?)?;
        Ok(terms.into_iter().map(|mean| Mean { count: mean.count * batch.fraction(), ..mean }).collect())
    }

    /// Computes the loss of pairs, and adds the gradient of `scale` times their part of the batch's mean loss to the policy's gradients.
    /// `None` in a process without pairs of the batch.
    pub(super) fn train(
        &mut self,
        batch: &Batch<'_, EncodedPair>,
        micro_batches: &[PairMicroBatch],
        scale: f64,
    ) -> Result<Option<BatchResult>> {
        match micro_batches {
            all if self.couples_batch() => self.train_coupled(batch, all, scale),
            [] => Ok(None),
            all => self.train_in_one_pass(batch, all, scale).map(Some),
        }
    }

    /// Runs each micro-batch forward and backward.
    fn train_in_one_pass(
        &mut self,
        batch: &Batch<'_, EncodedPair>,
        micro_batches: &[PairMicroBatch],
        scale: f64,
    ) -> Result<BatchResult> {
        let (pairs, tokens) = (batch.all_indices.len(), predicted_in_batch(batch));
        let (mut all_values, mut losses, mut distances) = (Vec::new(), Vec::new(), Vec::new());
        for (number, micro_batch) in micro_batches.iter().enumerate() {
            let reference = self.reference_values(batch.split, micro_batch)?;
            let PolicyValues { logps, distance, values } = self.values(micro_batch, &reference)?;
            let (output, gradient) = self.loss.evaluate_with_gradient(&values.logps()?)?;
            let gradient = Tensor::f_cat(&[gradient.chosen, gradient.rejected], 0)?;
            let gradient = gradient.f_mul_scalar(scale * micro_batch.pairs() as f64 / pairs as f64)?;
            if number + 1 == micro_batches.len() {
                batch.begin_last_backward();
            }
            self.backward(&logps, &gradient, distance.as_ref(), scale / tokens)?;
            all_values.push(values);
            losses.push(output.losses);
            distances.extend(distance);
        }
        let values = PairValues::concat(all_values)?;
        let logps = values.logps()?;
        let hidden_distance = mean_distance(&distances, predicted(micro_batches)?)?;
        let loss_terms = self.with_penalty(vec![Mean::of_pair_losses(&Tensor::f_cat(&losses, 0)?)?], hidden_distance);
        Ok(BatchResult { loss_terms, values, logps, beta: None, hidden_distance })
    }

    /// Runs all micro-batches forward to compute the loss, which couples the pairs of the batch, with those of the other processes. Then
    /// runs each one backward. A single micro-batch keeps its graph; each of several is run forward again.
    fn train_coupled(
        &mut self,
        batch: &Batch<'_, EncodedPair>,
        micro_batches: &[PairMicroBatch],
        scale: f64,
    ) -> Result<Option<BatchResult>> {
        let mut graph = None;
        let own = match micro_batches {
            [] => None,
            [single] => {
                let reference = self.reference_values(batch.split, single)?;
                let PolicyValues { logps, distance, values } = self.values(single, &reference)?;
                let mean = mean_distance(distance.as_slice(), predicted(micro_batches)?)?;
                graph = Some((logps, distance));
                Some((values, mean))
            }
            several => {
                self.check_two_passes()?;
                Some(self.values_without_graph(batch.split, several)?)
            }
        };
        let own_logps = own.as_ref().map(|(values, _)| values.logps()).transpose()?;
        let (output, gradient, beta) = self.loss_and_gradient(&self.gather(own_logps.as_ref(), batch.group)?)?;
        let Some(((values, hidden_distance), logps)) = own.zip(own_logps) else { return Ok(None) };
        let first = batch.group.share(batch.all_indices.len()).start as i64;
        let (mut start, tokens) = (first, predicted_in_batch(batch));
        for (number, micro_batch) in micro_batches.iter().enumerate() {
            let len = micro_batch.pairs() as i64;
            let Pair { chosen, rejected } = gradient.as_ref().try_map(|side| side.f_narrow(0, start, len))?;
            start += len;
            let (logps, distance) = match graph.take() {
                Some(graph) => graph,
                None => {
                    let states = self.compared_states(micro_batch, self.reference_states(micro_batch)?.as_deref())?;
                    let (token_logps, distance) = self.forward(micro_batch, &states)?;
                    (micro_batch.tokens.sequence_logps(&token_logps.logps)?, distance)
                }
            };
            let gradient = Tensor::f_cat(&[chosen, rejected], 0)?.f_mul_scalar(scale)?;
            if number + 1 == micro_batches.len() {
                batch.begin_last_backward();
            }
            self.backward(&logps, &gradient, distance.as_ref(), scale / tokens)?;
        }
        let losses = output.losses.f_narrow(0, first, start - first)?;
        let loss_terms = self.with_penalty(vec![Mean::of_pair_losses(&losses)?], hidden_distance);
        Ok(Some(BatchResult { loss_terms, values, logps, beta, hidden_distance }))
    }

    /// Rejects dropout in a batch that is run forward twice.
    fn check_two_passes(&self) -> Result<()> {
        if self.config.training.disable_dropout {
            return Ok(());
        }
        let reason = format!(
            "is {}, which splits this batch into micro-batches. The loss depends on the whole batch, so each micro-batch is computed twice, \
             and dropout would differ between the two passes: increase micro_batch_tokens, or set disable_dropout",
            self.config.micro_batch_tokens
        );
        Err(Error::Config { option: "micro_batch_tokens", reason })
    }

    /// The values of all micro-batches under both models, without a graph, and the mean distance of hidden states.
    fn values_without_graph(
        &mut self,
        split: Split,
        micro_batches: &[PairMicroBatch],
    ) -> Result<(PairValues, Option<Mean>)> {
        let (mut all_values, mut distances) = (Vec::new(), Vec::new());
        for micro_batch in micro_batches {
            let reference = self.reference_values(split, micro_batch)?;
            let PolicyValues { values, distance, .. } = tch::no_grad(|| self.values(micro_batch, &reference))?;
            all_values.push(values);
            distances.extend(distance);
        }
        Ok((PairValues::concat(all_values)?, mean_distance(&distances, predicted(micro_batches)?)?))
    }

    /// The log-probabilities of the pairs of all processes.
    fn gather(&self, own: Option<&PairLogps>, group: &ProcessGroup) -> Result<PairLogps> {
        let numbers = self.config.pair_numbers();
        let optional = OptionalValues {
            weights: self.config.use_weighting || numbers.contains(&PairNumber::Weight),
            chosen_probabilities: numbers.contains(&PairNumber::ChosenProbability),
            score_margins: numbers.contains(&PairNumber::Margin),
        };
        gather_pairs(group, own, optional, (logps_kind(&self.policy), self.policy.device()))
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

    /// The policy's values of a micro-batch.
    fn values(&self, micro_batch: &PairMicroBatch, reference: &ReferenceValues) -> Result<PolicyValues> {
        let tokens = &micro_batch.tokens;
        let (token_logps, distance) = self.forward(micro_batch, &reference.states)?;
        let logps = tokens.sequence_logps(&token_logps.logps)?;
        let weights = wpo_pair_weights(&token_logps, tokens)?;
        let statistics = token_logps.statistics.map(|s| RowStatistics::new(tokens, &s)).transpose()?;
        let values = PairValues::new(&logps, &reference.logps, micro_batch, weights, statistics)?;
        Ok(PolicyValues { logps, distance, values })
    }

    /// The policy's log-probabilities of the tokens, and the sum of the distances of its hidden states from those of the reference model.
    fn forward(&self, micro_batch: &PairMicroBatch, reference: &[Tensor]) -> Result<(TokenLogps, Option<Tensor>)> {
        let options = LinearLogpsOptions {
            statistics: true,
            log_sum_sq_probs: self.config.use_weighting,
            ..LinearLogpsOptions::default()
        };
        let logps = |hidden: &Tensor| TokenLogps::new(&self.policy, hidden, &micro_batch.tokens, &options);
        let Some(penalty) = &self.hidden_distance else {
            return Ok((logps(&micro_batch.hidden(&self.policy)?)?, None));
        };
        let states = micro_batch.hidden_states(&self.policy)?;
        let distance = penalty.sum(&penalty.select(&states, &micro_batch.tokens)?, reference)?;
        Ok((logps(last(&states)?)?, Some(distance)))
    }

    /// Runs the backward pass from the log-probabilities of sequences, with `gradient` as their output gradient, and from `scale` times the
    /// penalty on `distance`.
    fn backward(&self, logps: &Tensor, gradient: &Tensor, distance: Option<&Tensor>, scale: f64) -> Result<()> {
        let (Some(penalty), Some(distance)) = (&self.hidden_distance, distance) else {
            return backward(logps, gradient);
        };
        let sum = logps.f_mul(gradient)?.f_sum(logps.kind())?;
        let penalty = distance.f_mul_scalar(scale * penalty.coefficient)?;
        Ok(sum.f_add(&penalty.f_to_kind(sum.kind())?)?.f_backward()?)
    }

    /// The terms of a loss with that of the penalty on the distance of hidden states.
    fn with_penalty(&self, mut terms: Vec<Mean>, distance: Option<Mean>) -> Vec<Mean> {
        terms
            .extend(self.hidden_distance.as_ref().zip(distance).map(|(penalty, mean)| mean.times(penalty.coefficient)));
        terms
    }

    /// The reference model's values of a micro-batch.
    fn reference_values(&mut self, split: Split, micro_batch: &PairMicroBatch) -> Result<ReferenceValues> {
        let states = self.reference_states(micro_batch)?;
        let compute = |model: &dyn CausalLm| match &states {
            None => micro_batch.logps_without_graph(model),
            Some(states) => TokenLogps::without_graph(model, last(states)?, &micro_batch.tokens),
        };
        let ahead = match split {
            Split::Train => self.reference.pop_ahead(micro_batch)?,
            Split::Eval => None,
        };
        let tokens = match ahead {
            Some(tokens) => tokens,
            None => self.reference.logps(split, |cache: &_| micro_batch.cache_positions(cache), compute)?,
        };
        let logps = micro_batch.tokens.sequence_logps(&tokens.f_to_device(self.policy.device())?)?;
        Ok(ReferenceValues { logps, states: self.compared_states(micro_batch, states.as_deref())? })
    }

    /// The reference model's hidden states of all layers, if they are compared with those of the policy. They are too large to be cached.
    fn reference_states(&self, micro_batch: &PairMicroBatch) -> Result<Option<Vec<Tensor>>> {
        let states = |_| tch::no_grad(|| micro_batch.hidden_states(self.reference.model()?));
        self.hidden_distance.as_ref().map(states).transpose()
    }

    fn compared_states(&self, micro_batch: &PairMicroBatch, states: Option<&[Tensor]>) -> Result<Vec<Tensor>> {
        match self.hidden_distance.as_ref().zip(states) {
            None => Ok(Vec::new()),
            Some((penalty, states)) => penalty.select(states, &micro_batch.tokens),
        }
    }

    /// Whether the gradient of a pair depends on the other pairs of its batch.
    fn couples_batch(&self) -> bool {
        self.beta.is_some() || self.loss.couples_batch()
    }
}

/// The final hidden states.
fn last(states: &[Tensor]) -> Result<&Tensor> {
    states.last().ok_or_else(|| Error::Data("the model gives no hidden states".into()))
}

/// The number of predicted tokens of all processes' pairs.
fn predicted_in_batch(batch: &Batch<'_, EncodedPair>) -> f64 {
    let tokens = batch.all_rows().map(predicted_tokens).map(|Pair { chosen, rejected }| chosen + rejected);
    tokens.sum::<i64>() as f64
}

/// The number of predicted tokens of this process's pairs.
fn predicted(micro_batches: &[PairMicroBatch]) -> Result<f64> {
    micro_batches.iter().map(|micro_batch| Ok(micro_batch.tokens.targets.size1()? as f64)).sum()
}

/// The mean distance of hidden states over `tokens`, from the sums of the micro-batches; `None` if there are none.
fn mean_distance(sums: &[Tensor], tokens: f64) -> Result<Option<Mean>> {
    let sums = sums.iter().map(|sum| Ok(sum.f_detach()?.f_double_value(&[])?)).collect::<Result<Vec<f64>>>()?;
    Ok((!sums.is_empty()).then(|| Mean::over_tokens(sums.iter().sum::<f64>() / tokens, tokens)))
}

/// WPO's weight of each pair, `(pairs)`, if the statistic that it needs was computed.
fn wpo_pair_weights(token_logps: &TokenLogps, tokens: &SequenceTokens) -> Result<Option<Tensor>> {
    let statistic = token_logps.statistics.as_ref().and_then(|statistics| statistics.log_sum_sq_probs.as_ref());
    let Some(log_sum_sq_probs) = statistic else { return Ok(None) };
    let sums = |x: &Tensor| chosen_and_rejected(&tokens.sum_by_row(&x.f_detach()?)?);
    let (logps, log_sum_sq_probs) = (sums(&token_logps.logps)?, sums(log_sum_sq_probs)?);
    Ok(Some(wpo_weights(&logps, &log_sum_sq_probs, &chosen_and_rejected(&tokens.counts)?)?))
}
