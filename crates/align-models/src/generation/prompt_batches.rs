//! Grouping of prompts into batches.

use super::GenerationConfig;
use std::collections::{BTreeMap, VecDeque};

/// Maximum number of decoder rows per batch. More rows do not increase the throughput of a CPU.
const MAX_ROWS: usize = 160;
/// Maximum number of tokens in the cache of a batch, so that long texts have smaller batches: 2.4 GB for GPT-2 small in float32.
const MAX_TOKENS: usize = 1 << 15;

/// Batches of the indices of prompts with equal length. The longest prompts are first, so that a job that does not fit into memory fails
/// at its start.
pub(super) struct PromptBatches {
    /// For each prompt length, the batch size and the indices of the prompts.
    lengths: BTreeMap<usize, (usize, VecDeque<usize>)>,
}

impl PromptBatches {
    /// Creates batches for prompts with these lengths in tokens. `size(length)` is the batch size, at least 1.
    pub fn new(lengths: impl Iterator<Item = usize>, size: impl Fn(usize) -> usize) -> Self {
        let mut indices: BTreeMap<usize, (usize, VecDeque<usize>)> = BTreeMap::new();
        for (index, length) in lengths.enumerate() {
            indices.entry(length).or_insert_with(|| (size(length).max(1), VecDeque::new())).1.push_back(index);
        }
        Self { lengths: indices }
    }
}

impl Iterator for PromptBatches {
    type Item = Vec<usize>;

    fn next(&mut self) -> Option<Vec<usize>> {
        let mut longest = self.lengths.last_entry()?;
        let (size, indices) = longest.get_mut();
        let batch: Vec<usize> = indices.drain(..(*size).min(indices.len())).collect();
        if indices.is_empty() {
            longest.remove();
        }
        Some(batch)
    }
}

/// The default batch size for texts of up to `tokens` tokens.
pub(super) fn default_batch_size(config: &GenerationConfig, tokens: usize) -> usize {
    let rows = config.num_beams.max(config.num_return_sequences).max(1);
    (MAX_ROWS / rows).min(MAX_TOKENS / rows.saturating_mul(tokens).max(1)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prompts_of_equal_length_share_a_batch_and_the_longest_are_first() {
        let batches: Vec<_> = PromptBatches::new([1, 3, 1, 3, 1, 2, 1].into_iter(), |_| 3).collect();
        assert_eq!(batches, [vec![1, 3], vec![5], vec![0, 2, 4], vec![6]]);
    }

    #[test]
    fn the_default_batch_size_is_limited_by_rows_and_tokens() {
        let config = |num_beams, num_return_sequences| GenerationConfig {
            num_beams,
            num_return_sequences,
            ..GenerationConfig::default()
        };
        for (config, tokens, expected) in [
            (config(1, 1), 50, 160),
            (config(5, 1), 50, 32),
            (config(1, 20), 50, 8),
            (config(1, 500), 50, 1),
            (config(1, 1), 1024, 32),
            (config(4, 1), 1024, 8),
            (config(1, 1), usize::MAX, 1),
        ] {
            assert_eq!(default_batch_size(&config, tokens), expected, "{config:?}, {tokens} tokens");
        }
    }
}
