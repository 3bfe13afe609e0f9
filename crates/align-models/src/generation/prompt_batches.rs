//! Grouping of prompts into batches.

use super::GenerationConfig;
use std::collections::{BTreeMap, VecDeque};

/// Maximum number of decoder rows per batch. More rows do not increase the throughput of a CPU.
const MAX_ROWS: usize = 160;
/// Maximum number of tokens in the cache of a batch, so that long texts have smaller batches: 2.4 GB for GPT-2 small in float32.
const MAX_TOKENS: usize = 1 << 15;

/// Batches of the indices of prompts. The longest prompts are first, so that a job that does not fit into memory fails at its start, and
/// prompts of similar length share a batch.
pub(super) struct PromptBatches {
    /// The indices of the prompts with their lengths in tokens, longest first.
    prompts: VecDeque<(usize, usize)>,
    /// For each prompt length, the size of a batch that begins with it.
    sizes: BTreeMap<usize, usize>,
    /// Whether prompts of different lengths share a batch.
    mixed: bool,
}

impl PromptBatches {
    /// Creates batches for prompts with these lengths in tokens. `size(length)` is the batch size, at least 1. Unless `mixed`, only prompts of
    /// equal length share a batch.
    pub fn new(lengths: impl Iterator<Item = usize>, mixed: bool, size: impl Fn(usize) -> usize) -> Self {
        let mut prompts: VecDeque<(usize, usize)> = lengths.enumerate().collect();
        let sizes = prompts.iter().map(|(_, length)| (*length, size(*length).max(1))).collect();
        prompts.make_contiguous().sort_by_key(|(_, length)| std::cmp::Reverse(*length));
        Self { prompts, sizes, mixed }
    }
}

impl Iterator for PromptBatches {
    type Item = Vec<usize>;

    fn next(&mut self) -> Option<Vec<usize>> {
        let (_, longest) = *self.prompts.front()?;
        let size = self.sizes.get(&longest).copied().unwrap_or(1);
        let fits = |(_, length): &&(usize, usize)| self.mixed || *length == longest;
        let count = self.prompts.iter().take(size).take_while(fits).count();
        Some(self.prompts.drain(..count).map(|(index, _)| index).collect())
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
    fn the_longest_prompts_are_first_and_the_longest_determines_the_batch_size() {
        let batches = |mixed, size: fn(usize) -> usize| -> Vec<Vec<usize>> {
            PromptBatches::new([1, 3, 1, 3, 1, 2, 1].into_iter(), mixed, size).collect()
        };
        assert_eq!(batches(false, |_| 3), [vec![1, 3], vec![5], vec![0, 2, 4], vec![6]]);
        assert_eq!(batches(true, |_| 3), [vec![1, 3, 5], vec![0, 2, 4], vec![6]]);
        assert_eq!(
            batches(true, |length| if length > 1 { 1 } else { 9 }),
            [vec![1], vec![3], vec![5], vec![0, 2, 4, 6]]
        );
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
