//! Building the micro-batches of a batch of pairs.

use super::Dpo;
use crate::objective::micro_batches::split_into_micro_batches;
use crate::objective::pair_micro_batch::PairMicroBatch;
use crate::objective::pair_number_tensors::PairNumberTensors;
use crate::objective::row::padding_id;
use crate::objective::row_statistics::chosen_and_rejected;
use crate::objective::sequence_counts::{SequenceCounts, sequences_of_pair};
use crate::objective::shared_prefixes::SharedPrefixes;
use crate::objective::{Batch, SequenceTokens};
use crate::{DpoConfig, PrefixSharing, Result};
use align_data::{CompletionBatch, EncodedPair};
use align_losses::Pair;
use align_models::CausalLm;
use tch::{Kind, Tensor};

impl Dpo {
    /// This process's pairs of a batch in micro-batches of at most `micro_batch_tokens` tokens.
    pub(super) fn micro_batches(&self, batch: &Batch<'_, EncodedPair>) -> Result<Vec<PairMicroBatch>> {
        let rows = batch.rows();
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let sequences: Vec<_> = rows.iter().map(|pair| sequences_of_pair(pair)).collect();
        let split = split_into_micro_batches(&sequences, self.config.micro_batch_tokens, self.sharing);
        let micro_batch = |positions: Vec<usize>| {
            let pairs: Vec<&EncodedPair> = positions.iter().filter_map(|i| rows.get(*i).copied()).collect();
            let indices = positions.iter().filter_map(|i| batch.indices.get(*i).copied()).collect();
            pair_micro_batch(&self.policy, &self.config, self.sharing, &pairs, indices)
        };
        split.into_iter().map(micro_batch).collect()
    }
}

/// A micro-batch of `pairs`; `indices` are their indices in the dataset.
pub(super) fn pair_micro_batch(
    policy: &dyn CausalLm,
    config: &DpoConfig,
    sharing: PrefixSharing,
    pairs: &[&EncodedPair],
    indices: Vec<usize>,
) -> Result<PairMicroBatch> {
    let sequences = CompletionBatch::of_pairs(pairs, padding_id(policy))?.to_device(policy.device())?;
    let tokens = weighted_tokens(&sequences, config.ld_alpha)?;
    let counts = SequenceCounts::of(pairs.iter().flat_map(|pair| sequences_of_pair(pair)));
    let shared = counts.shares(sharing).then(|| SharedPrefixes::of_pairs(pairs, &sequences, false)).transpose()?;
    let numbers = PairNumberTensors::of(pairs, &config.pair_numbers())?;
    PairMicroBatch::new(indices, pairs, sequences, shared, tokens, numbers)
}

/// The predicted tokens of the sequences. With `ld_alpha`, tokens beyond the length of the shorter completion have this weight (LD-DPO).
fn weighted_tokens(sequences: &CompletionBatch, ld_alpha: Option<f64>) -> Result<SequenceTokens> {
    let tokens = SequenceTokens::from_batch(sequences)?;
    let Some(alpha) = ld_alpha else { return Ok(tokens) };
    let Pair { chosen, rejected } = chosen_and_rejected(&tokens.counts)?;
    let shorter = chosen.f_minimum(&rejected)?;
    let shorter = Tensor::f_cat(&[&shorter, &shorter], 0)?.f_index_select(0, &tokens.rows)?;
    let within = tokens.positions_in_row()?.f_lt_tensor(&shorter)?.f_to_kind(Kind::Float)?;
    let weights = within.f_mul_scalar(1.0 - alpha)?.f_add_scalar(alpha)?;
    Ok(tokens.with_weights(weights))
}
