//! Pairs of a batch that go through the models together, and the log-probabilities that losses take.

use super::remembered_logps::RememberedLogps;
use super::row_statistics::{RowStatistics, halves};
use super::shared_prefixes::SharedPrefixes;
use super::{SequenceTokens, TokenLogps};
use crate::Result;
use align_data::{CompletionBatch, EncodedPair};
use align_losses::{Pair, PairLogps};
use align_models::{Attention, CausalLm};
use tch::Tensor;

/// Pairs of a batch that go through the models together: sequences `(2 · pairs, seq)`, the chosen ones first.
#[derive(Debug)]
pub(crate) struct PairMicroBatch {
    /// The pairs' rows in the split.
    pub indices: Vec<usize>,
    /// Predicted tokens of each pair's sequences.
    predicted: Vec<Pair<i64>>,
    sequences: CompletionBatch,
    shared: Option<SharedPrefixes>,
    /// The predicted tokens of the sequences.
    pub tokens: SequenceTokens,
}

impl PairMicroBatch {
    /// Sequences of `pairs`, padded or with what they share computed once, and their `tokens` in the padded rows.
    pub fn new(
        indices: Vec<usize>,
        pairs: &[&EncodedPair],
        sequences: CompletionBatch,
        shared: Option<SharedPrefixes>,
        tokens: SequenceTokens,
    ) -> Result<Self> {
        let tokens = match &shared {
            None => tokens,
            Some(shared) => shared.find(tokens)?,
        };
        let predicted = pairs.iter().map(|pair| predicted(pair)).collect();
        Ok(Self { indices, predicted, sequences, shared, tokens })
    }

    /// How many pairs there are.
    pub fn pairs(&self) -> usize {
        self.indices.len()
    }

    /// A model's final hidden states, from which `tokens` are predicted.
    pub fn hidden(&self, model: &dyn CausalLm) -> Result<Tensor> {
        match &self.shared {
            None => Ok(model.hidden(&self.sequences.input_ids, None, &Attention::Causal, None)?),
            Some(shared) => shared.hidden(model, None),
        }
    }

    /// A frozen model's log-probability of each predicted token, `(n)`.
    pub fn frozen_logps(&self, model: &dyn CausalLm) -> Result<Tensor> {
        tch::no_grad(|| TokenLogps::frozen(model, &self.hidden(model)?, &self.tokens))
    }

    /// Where the reference's log-probabilities of the predicted tokens are remembered, `(n)`: a row has its chosen sequence's first.
    pub fn places(&self, remembered: &RememberedLogps) -> Result<Tensor> {
        let rows = || self.indices.iter().map(|row| remembered.start(*row)).zip(&self.predicted);
        let chosen = rows().flat_map(|(start, pair)| start..start + pair.chosen);
        let rejected = rows().flat_map(|(start, pair)| start + pair.chosen..start + pair.chosen + pair.rejected);
        Ok(Tensor::f_from_slice(&chosen.chain(rejected).collect::<Vec<i64>>())?)
    }

    /// The row of the first predicted token whose number among `values` `(n)` is not finite.
    pub fn first_not_finite(&self, values: &Tensor) -> Result<Option<usize>> {
        let at = values.f_isfinite()?.f_logical_not()?.f_nonzero()?;
        if at.size2()?.0 == 0 {
            return Ok(None);
        }
        let sequence = self.tokens.rows.f_int64_value(&[at.f_int64_value(&[0, 0])?])?;
        Ok(self.indices.get(sequence as usize % self.pairs().max(1)).copied())
    }
}

/// Predicted tokens of a pair's completions: the first token of a sequence never is.
pub(crate) fn predicted(pair: &EncodedPair) -> Pair<i64> {
    let unpredicted = usize::from(pair.prompt_ids.is_empty());
    Pair { chosen: &pair.chosen_ids, rejected: &pair.rejected_ids }
        .map(|ids| ids.len().saturating_sub(unpredicted) as i64)
}

/// What losses and metrics take of some pairs, without a graph.
#[derive(Debug)]
pub(crate) struct PairValues {
    policy: Pair<Tensor>,
    reference: Pair<Tensor>,
    counts: Pair<Tensor>,
    weights: Option<Tensor>,
    statistics: Option<RowStatistics>,
}

impl PairValues {
    /// Sequences' log-probabilities `(2 · pairs)` under both models, and the pairs' weights `(pairs)` if they have any.
    pub fn new(
        policy: &Tensor,
        reference: &Tensor,
        tokens: &SequenceTokens,
        weights: Option<Tensor>,
        statistics: Option<RowStatistics>,
    ) -> Result<Self> {
        Ok(Self {
            policy: halves(&policy.f_detach()?)?,
            reference: halves(&reference.f_to_kind(policy.kind())?)?,
            counts: halves(&tokens.counts)?,
            weights,
            statistics,
        })
    }

    /// Those of several micro-batches as one batch's.
    pub fn joined(parts: Vec<Self>) -> Result<Self> {
        let joined = |of: fn(&Self) -> &Pair<Tensor>| {
            let side = |side: fn(&Pair<Tensor>) -> &Tensor| {
                Tensor::f_cat(&parts.iter().map(|part| side(of(part))).collect::<Vec<_>>(), 0)
            };
            Ok::<_, crate::Error>(Pair { chosen: side(|pair| &pair.chosen)?, rejected: side(|pair| &pair.rejected)? })
        };
        let (policy, reference, counts) = (joined(|p| &p.policy)?, joined(|p| &p.reference)?, joined(|p| &p.counts)?);
        let weights: Vec<&Tensor> = parts.iter().filter_map(|part| part.weights.as_ref()).collect();
        let weights = if weights.is_empty() { None } else { Some(Tensor::f_cat(&weights, 0)?) };
        let (chosen, rejected): (Vec<_>, Vec<_>) =
            parts.into_iter().filter_map(|part| part.statistics).map(RowStatistics::halves).unzip();
        let statistics = RowStatistics::joined(chosen.into_iter().chain(rejected).collect());
        Ok(Self { policy, reference, counts, weights, statistics })
    }

    /// As losses take them.
    pub fn logps(&self) -> Result<PairLogps> {
        let logps = PairLogps::new(&self.policy, &self.reference)?.with_tokens(&self.counts)?;
        Ok(match &self.weights {
            Some(weights) => logps.with_weights(weights)?,
            None => logps,
        })
    }

    /// Token statistics of all chosen and of all rejected sequences.
    pub fn statistics(self) -> Option<Pair<RowStatistics>> {
        let (chosen, rejected) = self.statistics?.halves();
        Some(Pair { chosen, rejected })
    }
}
