//! Splitting a batch of pairs into micro-batches.

use super::pair_tokens::PairTokens;
use crate::PrefixSharing;

/// Splits a batch of pairs into micro-batches of at most `max_tokens` tokens in a forward pass, including padding. Returns the indices of
/// the pairs of each micro-batch.
///
/// Pairs that fit together form one micro-batch in their order. Otherwise the pairs are sorted by length, longest first, which reduces
/// padding. A micro-batch has at least one pair.
pub(crate) fn split_into_micro_batches(
    pairs: impl Iterator<Item = PairTokens>,
    max_tokens: usize,
    sharing: PrefixSharing,
) -> Vec<Vec<usize>> {
    let mut order: Vec<(usize, PairTokens)> = pairs.enumerate().collect();
    let all = order.iter().fold(PairTokens::default(), |all, (_, pair)| all.plus(*pair));
    if all.forward_tokens(sharing) <= max_tokens {
        return vec![(0..order.len()).collect()];
    }
    order.sort_by_key(|(_, pair)| std::cmp::Reverse(pair.longest()));
    let mut micro_batches: Vec<Vec<usize>> = Vec::new();
    let mut tokens = PairTokens::default();
    for (index, pair) in order {
        match micro_batches.last_mut() {
            Some(micro_batch) if tokens.plus(pair).forward_tokens(sharing) <= max_tokens => {
                tokens = tokens.plus(pair);
                micro_batch.push(index);
            }
            _ => {
                tokens = pair;
                micro_batches.push(vec![index]);
            }
        }
    }
    micro_batches
}

#[cfg(test)]
mod tests {
    use super::*;
    use align_data::EncodedPair;

    /// Pairs with the given numbers of prompt, chosen and rejected tokens. All tokens are different.
    fn pairs_of(all: &[[usize; 3]]) -> Vec<PairTokens> {
        let mut ids = 0..;
        let mut take = |count: usize| ids.by_ref().take(count).collect::<Vec<i64>>();
        let pair = |(row, [prompt, chosen, rejected]): (usize, &[usize; 3])| EncodedPair {
            prompt_ids: take(*prompt),
            chosen_ids: take(*chosen),
            rejected_ids: take(*rejected),
            row,
            ..EncodedPair::default()
        };
        all.iter().enumerate().map(pair).map(|pair| PairTokens::of(&pair)).collect()
    }

    fn split(all: &[[usize; 3]], max_tokens: usize, sharing: PrefixSharing) -> Vec<Vec<usize>> {
        split_into_micro_batches(pairs_of(all).into_iter(), max_tokens, sharing)
    }

    #[test]
    fn pairs_that_fit_stay_together_in_their_order() {
        // Three pairs are six sequences of up to nine tokens.
        let pairs = [[1, 2, 1], [4, 5, 5], [2, 1, 3]];
        assert_eq!(split(&pairs, 54, PrefixSharing::Off), [[0, 1, 2]]);
        assert_eq!(split(&pairs, 53, PrefixSharing::Off).concat(), [1, 2, 0]);
        // With shared prompts the pairs have 4, 14 and 6 tokens.
        assert_eq!(split(&pairs, 24, PrefixSharing::On), [[0, 1, 2]]);
        assert_eq!(split(&pairs, 23, PrefixSharing::On), [vec![1, 2], vec![0]]);
        assert_eq!(split(&[], 54, PrefixSharing::Auto), [Vec::<usize>::new()]);
    }

    #[test]
    fn micro_batches_keep_to_the_limit_and_contain_every_pair_once() {
        let pairs: Vec<[usize; 3]> = (0..57).map(|i| [i * 13 % 17, 1 + i * 29 % 31, 1 + i * 7 % 23]).collect();
        let single = pairs_of(&pairs);
        for sharing in [PrefixSharing::Auto, PrefixSharing::On, PrefixSharing::Off] {
            for max_tokens in [1, 62, 100, 400, 5000] {
                let micro_batches = split(&pairs, max_tokens, sharing);
                for micro_batch in &micro_batches {
                    let tokens = micro_batch.iter().fold(PairTokens::default(), |all, i| all.plus(single[*i]));
                    assert!(
                        micro_batch.len() == 1 || tokens.forward_tokens(sharing) <= max_tokens,
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
