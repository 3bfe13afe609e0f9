//! Which prompts are continued together.

use super::GenerationConfig;
use std::collections::{BTreeMap, VecDeque};

/// Decoder rows that keep a processor busy: more of them do not make a row cheaper.
const ROWS: usize = 160;
/// Tokens that a batch's cache may hold, so that long texts come in smaller batches: 2.4 GB for GPT-2's smallest in float32.
const TOKENS: usize = 1 << 15;

/// Places of prompts, in batches of equal length. The longest prompts come first: a job that does not fit into memory
/// fails at its start.
pub(super) struct PromptBatches {
    /// By prompts' length, each with the size of its batches.
    lengths: BTreeMap<usize, (usize, VecDeque<usize>)>,
}

impl PromptBatches {
    /// Batches of the prompts of these lengths in tokens; `size(length)` is the number of prompts in one, at least 1.
    pub fn new(lengths: impl Iterator<Item = usize>, size: impl Fn(usize) -> usize) -> Self {
        let mut places: BTreeMap<usize, (usize, VecDeque<usize>)> = BTreeMap::new();
        for (place, length) in lengths.enumerate() {
            places.entry(length).or_insert_with(|| (size(length).max(1), VecDeque::new())).1.push_back(place);
        }
        Self { lengths: places }
    }
}

impl Iterator for PromptBatches {
    type Item = Vec<usize>;

    fn next(&mut self) -> Option<Vec<usize>> {
        let mut longest = self.lengths.last_entry()?;
        let (size, places) = longest.get_mut();
        let batch: Vec<usize> = places.drain(..(*size).min(places.len())).collect();
        if places.is_empty() {
            longest.remove();
        }
        Some(batch)
    }
}

/// Prompts in a batch of texts of up to `tokens` tokens, where the caller names no number.
pub(super) fn automatic_size(config: &GenerationConfig, tokens: usize) -> usize {
    let rows = config.num_beams.max(config.num_return_sequences).max(1);
    (ROWS / rows).min(TOKENS / rows.saturating_mul(tokens).max(1)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_lengths_share_a_batch_the_longest_first() {
        let batches: Vec<_> = PromptBatches::new([1, 3, 1, 3, 1, 2, 1].into_iter(), |_| 3).collect();
        assert_eq!(batches, [vec![1, 3], vec![5], vec![0, 2, 4], vec![6]]);
    }

    #[test]
    fn a_batch_is_as_large_as_rows_and_tokens_allow() {
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
            assert_eq!(automatic_size(&config, tokens), expected, "{config:?}, {tokens} tokens");
        }
    }
}
