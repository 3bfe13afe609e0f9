//! Pairs that go through a model together.

use super::pair_length::PairLength;
use crate::PrefixSharing;

/// Splits pairs into parts of at most `budget` tokens: those that go through a model, padding included where there is some.
///
/// Pairs that fit are one part in their order. Otherwise pairs of like length share a part, longest first, so that little is padded;
/// a part holds one pair at least.
pub(crate) fn micro_batches(
    pairs: impl Iterator<Item = PairLength>,
    budget: usize,
    sharing: PrefixSharing,
) -> Vec<Vec<usize>> {
    let mut order: Vec<(usize, PairLength)> = pairs.enumerate().collect();
    let all = order.iter().fold(PairLength::default(), |all, (_, pair)| all.and(*pair));
    if all.computed(sharing) <= budget {
        return vec![(0..order.len()).collect()];
    }
    order.sort_by_key(|(_, pair)| std::cmp::Reverse(pair.longest()));
    let mut parts: Vec<Vec<usize>> = Vec::new();
    let mut length = PairLength::default();
    for (place, pair) in order {
        match parts.last_mut() {
            Some(part) if length.and(pair).computed(sharing) <= budget => {
                length = length.and(pair);
                part.push(place);
            }
            _ => {
                length = pair;
                parts.push(vec![place]);
            }
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use align_data::EncodedPair;

    /// Pairs of prompts and completions of so many tokens, no token twice.
    fn lengths(all: &[[usize; 3]]) -> Vec<PairLength> {
        let mut ids = 0..;
        let mut take = |count: usize| ids.by_ref().take(count).collect::<Vec<i64>>();
        let pair = |(row, [prompt, chosen, rejected]): (usize, &[usize; 3])| EncodedPair {
            prompt_ids: take(*prompt),
            chosen_ids: take(*chosen),
            rejected_ids: take(*rejected),
            row,
        };
        all.iter().enumerate().map(pair).map(|pair| PairLength::of(&pair)).collect()
    }

    fn parts(all: &[[usize; 3]], budget: usize, sharing: PrefixSharing) -> Vec<Vec<usize>> {
        micro_batches(lengths(all).into_iter(), budget, sharing)
    }

    #[test]
    fn pairs_that_fit_stay_together_in_their_order() {
        // Three pairs are six sequences of up to nine tokens.
        let pairs = [[1, 2, 1], [4, 5, 5], [2, 1, 3]];
        assert_eq!(parts(&pairs, 54, PrefixSharing::Off), [[0, 1, 2]]);
        assert_eq!(parts(&pairs, 53, PrefixSharing::Off).concat(), [1, 2, 0]);
        // Each token once: 4, 14 and 6.
        assert_eq!(parts(&pairs, 24, PrefixSharing::On), [[0, 1, 2]]);
        assert_eq!(parts(&pairs, 23, PrefixSharing::On), [vec![1, 2], vec![0]]);
        assert_eq!(parts(&[], 54, PrefixSharing::Auto), [Vec::<usize>::new()]);
    }

    #[test]
    fn parts_keep_to_the_budget_and_hold_every_pair_once() {
        let pairs: Vec<[usize; 3]> = (0..57).map(|i| [i * 13 % 17, 1 + i * 29 % 31, 1 + i * 7 % 23]).collect();
        let single = lengths(&pairs);
        for sharing in [PrefixSharing::Auto, PrefixSharing::On, PrefixSharing::Off] {
            for budget in [1, 62, 100, 400, 5000] {
                let parts = parts(&pairs, budget, sharing);
                for part in &parts {
                    let length = part.iter().fold(PairLength::default(), |all, place| all.and(single[*place]));
                    assert!(part.len() == 1 || length.computed(sharing) <= budget, "{budget}: {part:?}");
                }
                let mut places: Vec<usize> = parts.concat();
                places.sort_unstable();
                assert_eq!(places, (0..57).collect::<Vec<_>>(), "{budget}");
            }
        }
    }
}
