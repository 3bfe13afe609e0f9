//! Splitting rows with common prompts into micro-batches.

use crate::PrefixSharing;
use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

/// The ids of a prompt and of a completion.
type Sequence<'a> = (&'a [i64], &'a [i64]);

/// Token counts of sequences, of which those with the same prompt can compute it once.
#[derive(Debug, Default)]
pub(super) struct GroupTokens<'a> {
    prompts: HashSet<&'a [i64]>,
    sequences: usize,
    /// Tokens of the longest sequence.
    longest: usize,
    /// Tokens of the completions, and of each prompt once.
    distinct: usize,
}

impl<'a> GroupTokens<'a> {
    fn add(&mut self, sequence: Sequence<'a>) {
        (self.sequences, self.longest, self.distinct) = self.with(sequence);
        self.prompts.insert(sequence.0);
    }

    /// The counts with one more sequence.
    fn with(&self, (prompt, completion): Sequence<'a>) -> (usize, usize, usize) {
        let own_prompt = if self.prompts.contains(prompt) { 0 } else { prompt.len() };
        let longest = self.longest.max(prompt.len() + completion.len());
        (self.sequences + 1, longest, self.distinct + own_prompt + completion.len())
    }

    /// Whether the sequences share prompts.
    pub fn shares(&self, sharing: PrefixSharing) -> bool {
        sharing.shares(self.distinct, self.sequences * self.longest)
    }

    /// Tokens in a forward pass: all distinct tokens if prompts are shared, otherwise all tokens of the padded rows.
    fn forward_tokens((sequences, longest, distinct): (usize, usize, usize), sharing: PrefixSharing) -> usize {
        let padded = sequences.saturating_mul(longest);
        if sharing.shares(distinct, padded) { distinct } else { padded }
    }
}

impl<'a> FromIterator<Sequence<'a>> for GroupTokens<'a> {
    fn from_iter<I: IntoIterator<Item = Sequence<'a>>>(sequences: I) -> Self {
        let mut tokens = Self::default();
        sequences.into_iter().for_each(|sequence| tokens.add(sequence));
        tokens
    }
}

/// Splits sequences into micro-batches of at most `max_tokens` tokens in a forward pass, including padding. Returns the indices of the
/// sequences of each micro-batch.
///
/// Sequences that fit together form one micro-batch in their order. Otherwise those with the same prompt are put side by side, and the
/// prompts are sorted by their longest sequence, longest first, which reduces padding. A micro-batch has at least one sequence.
pub(super) fn split_into_micro_batches(
    sequences: &[Sequence],
    max_tokens: usize,
    sharing: PrefixSharing,
) -> Vec<Vec<usize>> {
    let mut micro_batches: Vec<Vec<usize>> = Vec::new();
    let mut tokens = GroupTokens::default();
    let all = sequences.iter().copied().collect::<GroupTokens>();
    if GroupTokens::forward_tokens((all.sequences, all.longest, all.distinct), sharing) <= max_tokens {
        return vec![(0..sequences.len()).collect()];
    }
    for index in by_prompt(sequences) {
        let Some(sequence) = sequences.get(index).copied() else { continue };
        match micro_batches.last_mut() {
            Some(micro_batch) if GroupTokens::forward_tokens(tokens.with(sequence), sharing) <= max_tokens => {
                micro_batch.push(index);
            }
            _ => {
                tokens = GroupTokens::default();
                micro_batches.push(vec![index]);
            }
        }
        tokens.add(sequence);
    }
    micro_batches
}

/// The indices of the sequences, ordered by the longest sequence of their prompt, then by their own length, longest first.
fn by_prompt(sequences: &[Sequence]) -> Vec<usize> {
    let length = |(prompt, completion): Sequence| prompt.len() + completion.len();
    // The longest sequence of a prompt, and where the prompt first occurs.
    let mut prompts: HashMap<&[i64], (usize, usize)> = HashMap::new();
    for (index, sequence) in sequences.iter().enumerate() {
        let longest = &mut prompts.entry(sequence.0).or_insert((0, index)).0;
        *longest = length(*sequence).max(*longest);
    }
    let key = |index: &usize| {
        let sequence = sequences.get(*index).copied().unwrap_or_default();
        let (longest, first) = prompts.get(sequence.0).copied().unwrap_or_default();
        (Reverse(longest), first, Reverse(length(sequence)))
    };
    let mut order: Vec<usize> = (0..sequences.len()).collect();
    order.sort_by_key(key);
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Split sequences of the given prompts and numbers of tokens of completions. A prompt is as long as its number.
    fn split(all: &[(i64, usize)], max_tokens: usize, sharing: PrefixSharing) -> Vec<Vec<usize>> {
        let owned: Vec<(Vec<i64>, Vec<i64>)> =
            all.iter().map(|(prompt, completion)| (vec![*prompt; *prompt as usize], vec![0; *completion])).collect();
        let rows: Vec<Sequence> = owned.iter().map(|(prompt, ids)| (prompt.as_slice(), ids.as_slice())).collect();
        split_into_micro_batches(&rows, max_tokens, sharing)
    }

    #[test]
    fn sequences_that_fit_stay_together_in_their_order() {
        // Three sequences of up to nine tokens; with a shared prompt of four tokens they have 4 + 1 + 5 + 2 + 3.
        let rows = [(4, 1), (4, 5), (2, 3)];
        assert_eq!(split(&rows, 27, PrefixSharing::Off), [[0, 1, 2]]);
        assert_eq!(split(&rows, 26, PrefixSharing::Off), [vec![1, 0], vec![2]]);
        assert_eq!(split(&rows, 15, PrefixSharing::On), [[0, 1, 2]]);
        assert_eq!(split(&rows, 14, PrefixSharing::On), [vec![1, 0], vec![2]]);
    }

    #[test]
    fn sequences_of_a_prompt_are_side_by_side() {
        let rows = [(3, 1), (5, 2), (3, 9), (5, 4)];
        assert_eq!(split(&rows, 13, PrefixSharing::On), [vec![2, 0], vec![3, 1]]);
    }

    #[test]
    fn micro_batches_keep_to_the_limit_and_contain_every_sequence_once() {
        let rows: Vec<(i64, usize)> = (0..57).map(|i| (i * 13 % 7 + 1, 1 + i as usize * 29 % 31)).collect();
        for sharing in [PrefixSharing::Auto, PrefixSharing::On, PrefixSharing::Off] {
            for max_tokens in [1, 62, 100, 400, 5000] {
                let micro_batches = split(&rows, max_tokens, sharing);
                for micro_batch in &micro_batches {
                    let own: Vec<_> = micro_batch.iter().map(|index| rows[*index]).collect();
                    assert!(
                        micro_batch.len() == 1 || split(&own, max_tokens, sharing).len() == 1,
                        "{max_tokens}: {micro_batch:?}"
                    );
                }
                let mut indices: Vec<usize> = micro_batches.concat();
                indices.sort_unstable();
                assert_eq!(indices, (0..57).collect::<Vec<_>>(), "{max_tokens}");
            }
        }
    }
}
