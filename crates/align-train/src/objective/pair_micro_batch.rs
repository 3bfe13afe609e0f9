//! A micro-batch of pairs, and the log-probabilities from which losses and metrics are computed.

use super::logps_cache::LogpsCache;
use super::pair_number_tensors::PairNumberTensors;
use super::row_statistics::{RowStatistics, chosen_and_rejected};
use super::shared_prefixes::SharedPrefixes;
use super::{SequenceTokens, TokenLogps};
use crate::Result;
use align_data::{CompletionBatch, EncodedPair};
use align_losses::{Pair, PairLogps};
use align_models::{Attention, CausalLm};
use tch::Tensor;

/// A micro-batch of pairs: sequences `(2 · pairs, seq)`, the chosen ones first.
#[derive(Debug)]
pub(crate) struct PairMicroBatch {
    /// The indices of the pairs in the dataset.
    pub indices: Vec<usize>,
    /// The number of predicted tokens of each sequence, by pair.
    predicted: Vec<Pair<i64>>,
    sequences: CompletionBatch,
    shared: Option<SharedPrefixes>,
    /// The predicted tokens of the sequences.
    pub tokens: SequenceTokens,
    /// The pairs' own numbers.
    pub numbers: PairNumberTensors,
}

impl PairMicroBatch {
    /// A micro-batch from padded sequences and their predicted `tokens`. With `shared`, common prefixes are computed once.
    pub fn new(
        indices: Vec<usize>,
        pairs: &[&EncodedPair],
        sequences: CompletionBatch,
        shared: Option<SharedPrefixes>,
        tokens: SequenceTokens,
        numbers: PairNumberTensors,
    ) -> Result<Self> {
        let tokens = match &shared {
            None => tokens,
            Some(shared) => shared.locate(tokens)?,
        };
        let predicted = pairs.iter().map(|pair| predicted_tokens(pair)).collect();
        Ok(Self { indices, predicted, sequences, shared, tokens, numbers })
    }

    /// The number of pairs.
    pub fn pairs(&self) -> usize {
        self.indices.len()
    }

    /// The padded sequences and the mask of their completions, `(2, 2 · pairs, seq)`: all that log-probabilities depend on.
    pub fn ids_and_mask(&self) -> Result<Tensor> {
        Ok(Tensor::f_stack(&[&self.sequences.input_ids, &self.sequences.completion_mask], 0)?)
    }

    /// The values of predicted tokens `(n)`, by pair.
    pub fn by_pair(&self, values: &Tensor) -> Result<Vec<Pair<Vec<f32>>>> {
        let values = Vec::<f32>::try_from(values)?;
        let mut values = values.into_iter();
        let mut take = |side: fn(&Pair<i64>) -> i64| {
            let of_pair = |pair| values.by_ref().take(usize::try_from(side(pair)).unwrap_or_default()).collect();
            self.predicted.iter().map(of_pair).collect::<Vec<Vec<f32>>>()
        };
        let (chosen, rejected) = (take(|pair| pair.chosen), take(|pair| pair.rejected));
        Ok(chosen.into_iter().zip(rejected).map(|(chosen, rejected)| Pair { chosen, rejected }).collect())
    }

    /// A model's final hidden states, which predict `tokens`.
    pub fn hidden(&self, model: &dyn CausalLm) -> Result<Tensor> {
        match &self.shared {
            None => Ok(model.hidden(&self.sequences.input_ids, None, &Attention::Causal, None)?),
            Some(shared) => shared.hidden(model, None),
        }
    }

    /// A model's hidden states of all layers, of which the last are those that predict `tokens`.
    pub fn hidden_states(&self, model: &dyn CausalLm) -> Result<Vec<Tensor>> {
        match &self.shared {
            None => Ok(model.hidden_states(&self.sequences.input_ids, None, &Attention::Causal)?),
            Some(shared) => shared.hidden_states(model),
        }
    }

    /// A model's log-probability of each predicted token, `(n)`, without a graph.
    pub fn logps_without_graph(&self, model: &dyn CausalLm) -> Result<Tensor> {
        tch::no_grad(|| TokenLogps::without_graph(model, &self.hidden(model)?, &self.tokens))
    }

    /// The positions of the predicted tokens in the cache of reference log-probabilities, `(n)`. In the cache, each row's chosen sequence
    /// comes before its rejected sequence.
    pub fn cache_positions(&self, cache: &LogpsCache) -> Result<Tensor> {
        let rows = || self.indices.iter().map(|row| cache.start(*row)).zip(&self.predicted);
        let chosen = rows().flat_map(|(start, pair)| start..start + pair.chosen);
        let rejected = rows().flat_map(|(start, pair)| start + pair.chosen..start + pair.chosen + pair.rejected);
        Ok(Tensor::f_from_slice(&chosen.chain(rejected).collect::<Vec<i64>>())?)
    }

    /// The row of the first predicted token whose value in `values` `(n)` is not finite.
    pub fn first_not_finite(&self, values: &Tensor) -> Result<Option<usize>> {
        let at = values.f_isfinite()?.f_logical_not()?.f_nonzero()?;
        if at.size2()?.0 == 0 {
            return Ok(None);
        }
        let sequence = self.tokens.rows.f_int64_value(&[at.f_int64_value(&[0, 0])?])?;
        Ok(self.indices.get(sequence as usize % self.pairs().max(1)).copied())
    }
}

/// The number of predicted tokens of each completion. The first token of a sequence is never predicted.
pub(crate) fn predicted_tokens(pair: &EncodedPair) -> Pair<i64> {
    let unpredicted = usize::from(pair.prompt_ids.is_empty());
    Pair { chosen: &pair.chosen_ids, rejected: &pair.rejected_ids }
        .map(|ids| ids.len().saturating_sub(unpredicted) as i64)
}

/// The values from which the losses and metrics of some pairs are computed, without a graph.
#[derive(Debug)]
pub(crate) struct PairValues {
    policy: Pair<Tensor>,
    reference: Pair<Tensor>,
    counts: Pair<Tensor>,
    weights: Option<Tensor>,
    numbers: PairNumberTensors,
    statistics: Option<RowStatistics>,
}

impl PairValues {
    /// Values from the log-probabilities of a micro-batch's sequences `(2 · pairs)` under both models and optional weights of the pairs
    /// `(pairs)`, which multiply the pairs' own.
    pub fn new(
        policy: &Tensor,
        reference: &Tensor,
        micro_batch: &PairMicroBatch,
        weights: Option<Tensor>,
        statistics: Option<RowStatistics>,
    ) -> Result<Self> {
        Ok(Self {
            policy: chosen_and_rejected(&policy.f_detach()?)?,
            reference: chosen_and_rejected(&reference.f_to_kind(policy.kind())?)?,
            counts: chosen_and_rejected(&micro_batch.tokens.counts)?,
            weights,
            numbers: micro_batch.numbers.shallow_clone(),
            statistics,
        })
    }

    /// Concatenates the values of several micro-batches.
    pub fn concat(parts: Vec<Self>) -> Result<Self> {
        let concat = |of: fn(&Self) -> &Pair<Tensor>| {
            let side = |side: fn(&Pair<Tensor>) -> &Tensor| {
                Tensor::f_cat(&parts.iter().map(|part| side(of(part))).collect::<Vec<_>>(), 0)
            };
            Ok::<_, crate::Error>(Pair { chosen: side(|pair| &pair.chosen)?, rejected: side(|pair| &pair.rejected)? })
        };
        let (policy, reference, counts) = (concat(|p| &p.policy)?, concat(|p| &p.reference)?, concat(|p| &p.counts)?);
        let weights: Vec<&Tensor> = parts.iter().filter_map(|part| part.weights.as_ref()).collect();
        let weights = if weights.is_empty() { None } else { Some(Tensor::f_cat(&weights, 0)?) };
        let numbers = PairNumberTensors::concat(parts.iter().map(|part| &part.numbers))?;
        let (chosen, rejected): (Vec<_>, Vec<_>) =
            parts.into_iter().filter_map(|part| part.statistics).map(RowStatistics::halves).unzip();
        let statistics = RowStatistics::concat(chosen.into_iter().chain(rejected).collect());
        Ok(Self { policy, reference, counts, weights, numbers, statistics })
    }

    /// The log-probabilities in the form that losses take.
    pub fn logps(&self) -> Result<PairLogps> {
        let logps = PairLogps::new(&self.policy, &self.reference)?.with_tokens(&self.counts)?;
        self.numbers.add_to(match &self.weights {
            Some(weights) => logps.with_weights(weights)?,
            None => logps,
        })
    }

    /// Token statistics of the chosen and of the rejected sequences.
    pub fn statistics(self) -> Option<Pair<RowStatistics>> {
        let (chosen, rejected) = self.statistics?.halves();
        Some(Pair { chosen, rejected })
    }
}
