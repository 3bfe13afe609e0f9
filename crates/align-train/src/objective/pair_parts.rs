//! A batch of pairs, part by part.

use super::sequences::{RowStatistics, SequenceTokens, halves, numbers};
use super::shared_prefixes::SharedPrefixes;
use super::two_phases::frozen_token_logps;
use crate::Result;
use align_data::CompletionBatch;
use align_losses::{Pair, PairLogps};
use align_models::{Attention, CausalLm};
use tch::{Device, Kind, Tensor};

/// Pairs of a batch that go through the models together.
#[derive(Debug)]
pub(crate) struct Part {
    /// Their rows' places in the split.
    pub indices: Vec<usize>,
    sequences: CompletionBatch,
    shared: Option<SharedPrefixes>,
    pub tokens: SequenceTokens,
}

impl Part {
    /// Sequences of pairs, padded or with what they share computed once, and their `tokens` in the padded rows.
    pub fn new(
        indices: Vec<usize>,
        sequences: CompletionBatch,
        shared: Option<SharedPrefixes>,
        tokens: SequenceTokens,
    ) -> Result<Self> {
        let tokens = match &shared {
            None => tokens,
            Some(shared) => shared.find(tokens)?,
        };
        Ok(Self { indices, sequences, shared, tokens })
    }

    /// A model's final hidden states, from which `tokens` are predicted.
    pub fn hidden(&self, model: &dyn CausalLm) -> Result<Tensor> {
        match &self.shared {
            None => Ok(model.hidden(&self.sequences.input_ids, None, &Attention::Causal, None)?),
            Some(shared) => shared.hidden(model, None),
        }
    }

    pub fn pairs(&self) -> usize {
        self.indices.len()
    }

    /// A frozen model's log-probabilities of each pair's tokens, the chosen ones first.
    pub fn token_logps(&self, model: &dyn CausalLm) -> Result<Vec<Vec<f32>>> {
        let found = tch::no_grad(|| frozen_token_logps(model, &self.hidden(model)?, &self.tokens))?;
        let found: Vec<f32> = Vec::try_from(found.f_to_kind(Kind::Float)?.f_to_device(Device::Cpu)?)?;
        let mut rest = found.as_slice();
        let mut by_pair = vec![Vec::new(); self.pairs()];
        for (row, count) in numbers(&self.tokens.counts)?.into_iter().enumerate() {
            let (own, others) = rest.split_at((count as usize).min(rest.len()));
            rest = others;
            if let Some(pair) = by_pair.get_mut(row % self.pairs()) {
                pair.extend_from_slice(own);
            }
        }
        Ok(by_pair)
    }
}

/// What the models said of the parts so far.
#[derive(Debug, Default)]
pub(crate) struct Said {
    policy: Vec<Pair<Tensor>>,
    reference: Vec<Pair<Tensor>>,
    counts: Vec<Pair<Tensor>>,
    weights: Vec<Tensor>,
    statistics: Vec<RowStatistics>,
}

impl Said {
    /// Takes a part in: sequences' log-probabilities `(2 · pairs)` under both models, and the pairs' weights if they have any.
    /// Returns it as losses take it.
    pub fn add(
        &mut self,
        policy: &Tensor,
        reference: &Tensor,
        tokens: &SequenceTokens,
        weights: Option<Tensor>,
        statistics: Option<RowStatistics>,
    ) -> Result<PairLogps> {
        let (policy, reference) = (halves(&policy.f_detach()?)?, halves(&reference.f_to_kind(policy.kind())?)?);
        let counts = halves(&tokens.counts)?;
        let logps = pair_logps(&policy, &reference, &counts, weights.as_ref())?;
        self.policy.push(policy);
        self.reference.push(reference);
        self.counts.push(counts);
        self.weights.extend(weights);
        self.statistics.extend(statistics);
        Ok(logps)
    }

    /// All parts as one batch.
    pub fn logps(&self) -> Result<PairLogps> {
        let weights = if self.weights.is_empty() { None } else { Some(Tensor::f_cat(&self.weights, 0)?) };
        pair_logps(&joined(&self.policy)?, &joined(&self.reference)?, &joined(&self.counts)?, weights.as_ref())
    }

    /// Token statistics of all chosen and of all rejected sequences.
    pub fn statistics(self) -> Option<Pair<RowStatistics>> {
        let (chosen, rejected): (Vec<_>, Vec<_>) = self.statistics.into_iter().map(RowStatistics::halves).unzip();
        Some(Pair { chosen: RowStatistics::joined(chosen)?, rejected: RowStatistics::joined(rejected)? })
    }
}

fn pair_logps(
    policy: &Pair<Tensor>,
    reference: &Pair<Tensor>,
    counts: &Pair<Tensor>,
    weights: Option<&Tensor>,
) -> Result<PairLogps> {
    let logps = PairLogps::new(policy, reference)?.with_tokens(counts)?;
    Ok(match weights {
        Some(weights) => logps.with_weights(weights)?,
        None => logps,
    })
}

fn joined(parts: &[Pair<Tensor>]) -> Result<Pair<Tensor>> {
    let side = |of: fn(&Pair<Tensor>) -> &Tensor| Tensor::f_cat(&parts.iter().map(of).collect::<Vec<_>>(), 0);
    Ok(Pair { chosen: side(|pair| &pair.chosen)?, rejected: side(|pair| &pair.rejected)? })
}
