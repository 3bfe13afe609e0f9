//! Splitting a batch into micro-batches.

use super::sequence_counts::{Sequence, SequenceCounts};
use crate::PrefixSharing;
use std::cmp::Reverse;
use std::collections::HashMap;

/// Splits rows into micro-batches of at most `max_tokens` tokens in a forward pass, including padding. A row is one or more sequences, such
/// as the two of a pair. Returns the indices of the rows of each micro-batch.
///
/// Rows that fit together form one micro-batch in their order. Otherwise those with the same prompt are put side by side, and the prompts are
/// sorted by their longest sequence, longest first, which reduces padding. A micro-batch has at least one row.
pub(crate) fn split_into_micro_batches<'a, R: AsRef<[Sequence<'a>]>>(
    rows: &[R],
    max_tokens: usize,
    sharing: PrefixSharing,
) -> Vec<Vec<usize>> {
    if fit_together(rows, max_tokens, sharing) {
        return vec![(0..rows.len()).collect()];
    }
    let mut micro_batches: Vec<Vec<usize>> = Vec::new();
    let mut counts = SequenceCounts::default();
    for index in by_prompt(rows) {
        let row = rows.get(index).map_or(&[][..], AsRef::as_ref);
        row.iter().for_each(|sequence| counts.add(*sequence));
        match micro_batches.last_mut() {
            Some(micro_batch) if counts.forward_tokens(sharing) <= max_tokens => micro_batch.push(index),
            _ => {
                counts = SequenceCounts::of(row.iter().copied());
                micro_batches.push(vec![index]);
            }
        }
    }
    micro_batches
}

/// Whether all rows have at most `max_tokens` tokens. Stops when they have more distinct tokens, since there may be very many rows.
fn fit_together<'a, R: AsRef<[Sequence<'a>]>>(rows: &[R], max_tokens: usize, sharing: PrefixSharing) -> bool {
    let mut counts = SequenceCounts::default();
    let is_small = |row: &R| {
        row.as_ref().iter().for_each(|sequence| counts.add(*sequence));
        counts.distinct() <= max_tokens
    };
    rows.iter().all(is_small) && counts.forward_tokens(sharing) <= max_tokens
}

/// The indices of the rows, ordered by the longest sequence of their prompt, then by their own, longest first.
fn by_prompt<'a, R: AsRef<[Sequence<'a>]>>(rows: &[R]) -> Vec<usize> {
    let prompt = |row: &R| row.as_ref().first().map_or(&[][..], |(prompt, _)| prompt);
    let length = |row: &R| row.as_ref().iter().map(|(prompt, completion)| prompt.len() + completion.len()).max();
    // The longest sequence of a prompt, and where the prompt first occurs.
    let mut prompts: HashMap<&[i64], (Option<usize>, usize)> = HashMap::new();
    for (index, row) in rows.iter().enumerate() {
        let longest = &mut prompts.entry(prompt(row)).or_insert((None, index)).0;
        *longest = length(row).max(*longest);
    }
    let mut order: Vec<(usize, &R)> = rows.iter().enumerate().collect();
    order.sort_by_cached_key(|(_, row)| {
        let (longest, first) = prompts.get(prompt(row)).copied().unwrap_or_default();
        (Reverse(longest), first, Reverse(length(row)))
    });
    order.into_iter().map(|(index, _)| index).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The prompt and the completions of a row.
    type Row = (Vec<i64>, Vec<Vec<i64>>);

    fn sequences((prompt, completions): &Row) -> Vec<Sequence<'_>> {
        completions.iter().map(|completion| (prompt.as_slice(), completion.as_slice())).collect()
    }

    fn split(rows: &[Row], max_tokens: usize, sharing: PrefixSharing) -> Vec<Vec<usize>> {
        split_into_micro_batches(&rows.iter().map(sequences).collect::<Vec<_>>(), max_tokens, sharing)
    }

    /// Pairs with the given numbers of prompt, chosen and rejected tokens. All tokens are different.
    fn pairs(all: &[[usize; 3]]) -> Vec<Row> {
        let mut ids = 0..;
        let mut take = |count: &usize| ids.by_ref().take(*count).collect::<Vec<i64>>();
        all.iter().map(|[prompt, chosen, rejected]| (take(prompt), vec![take(chosen), take(rejected)])).collect()
    }

    /// Single sequences of the given prompts and numbers of tokens of completions. A prompt is as long as its number.
    fn singles(all: &[(i64, usize)]) -> Vec<Row> {
        let mut ids = 100..;
        let mut take = |count: usize| ids.by_ref().take(count).collect::<Vec<i64>>();
        all.iter().map(|(prompt, count)| (vec![*prompt; *prompt as usize], vec![take(*count)])).collect()
    }

    #[test]
    fn rows_that_fit_stay_together_in_their_order() {
        // Three pairs are six sequences of up to nine tokens.
        let rows = pairs(&[[1, 2, 1], [4, 5, 5], [2, 1, 3]]);
        assert_eq!(split(&rows, 54, PrefixSharing::Off), [[0, 1, 2]]);
        assert_eq!(split(&rows, 53, PrefixSharing::Off).concat(), [1, 2, 0]);
        // With shared prompts the pairs have 4, 14 and 6 tokens, fewer than half of the padded ones.
        assert_eq!(split(&rows, 27, PrefixSharing::On), [[0, 1, 2]]);
        assert_eq!(split(&rows, 26, PrefixSharing::On), [vec![1, 2], vec![0]]);
        assert_eq!(split(&[], 54, PrefixSharing::Auto), [Vec::<usize>::new()]);
        // With a shared prompt of four tokens, these have 4 + 1 + 5 + 2 + 3.
        let rows = singles(&[(4, 1), (4, 5), (2, 3)]);
        assert_eq!(split(&rows, 27, PrefixSharing::Off), [[0, 1, 2]]);
        assert_eq!(split(&rows, 26, PrefixSharing::Off), [vec![1, 0], vec![2]]);
        assert_eq!(split(&rows, 15, PrefixSharing::On), [[0, 1, 2]]);
        assert_eq!(split(&rows, 14, PrefixSharing::On), [vec![1, 0], vec![2]]);
    }

    #[test]
    fn rows_of_a_prompt_are_side_by_side() {
        let rows = singles(&[(3, 1), (5, 2), (3, 9), (5, 4)]);
        assert_eq!(split(&rows, 13, PrefixSharing::On), [vec![2, 0], vec![3, 1]]);
    }

    #[test]
    fn a_common_beginning_of_different_prompts_counts_once() {
        // Three pairs with eight common tokens, and 1 + 8 + 8 of their own.
        let prompt = |own: i64| (0..8).chain([own]).collect::<Vec<i64>>();
        let completions = || vec![(100..108).collect(), (200..208).collect()];
        let rows: Vec<Row> = (10..13).map(|own| (prompt(own), completions())).collect();
        assert_eq!(split(&rows, 59, PrefixSharing::On), [[0, 1, 2]]);
        assert_eq!(split(&rows, 58, PrefixSharing::On), [vec![0, 1], vec![2]]);
    }

    #[test]
    fn padded_rows_are_limited_too() {
        // Sequences with a prompt of 100 tokens and one token of their own: 100 + n tokens, but 101 n in the rows of attention.
        let rows = singles(&[(100, 1); 20]);
        assert_eq!(
            split(&rows, 200, PrefixSharing::On).iter().map(Vec::len).collect::<Vec<_>>(),
            [3, 3, 3, 3, 3, 3, 2]
        );
    }

    #[test]
    fn micro_batches_keep_to_the_limit_and_contain_every_row_once() {
        let of_pairs = pairs(&(0..57).map(|i| [i * 13 % 17, 1 + i * 29 % 31, 1 + i * 7 % 23]).collect::<Vec<_>>());
        let of_singles = singles(&(0..57).map(|i| (i * 13 % 7 + 1, 1 + i as usize * 29 % 31)).collect::<Vec<_>>());
        for rows in [of_pairs, of_singles] {
            for sharing in [PrefixSharing::Auto, PrefixSharing::On, PrefixSharing::Off] {
                for max_tokens in [1, 62, 100, 400, 5000] {
                    let micro_batches = split(&rows, max_tokens, sharing);
                    for micro_batch in &micro_batches {
                        let counts = SequenceCounts::of(micro_batch.iter().flat_map(|i| sequences(&rows[*i])));
                        assert!(
                            micro_batch.len() == 1 || counts.forward_tokens(sharing) <= max_tokens,
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
}
