use super::ranked::Ranked;
use crate::{PairwisePreferences, Ranking};

/// All best rankings of a few candidates, by dynamic programming over the sets of candidates that can be on top
/// (Held and Karp, 1962).
///
/// If there are several, a candidate's tier is its best place in any of them. So the first tier has the winners of all best rankings, and a
/// candidate that is above another in all of them is also above it here.
pub(super) fn best_rankings(pairs: &PairwisePreferences) -> Ranked {
    let count = pairs.candidates();
    let above = best_above(pairs);
    let below = best_below(pairs);
    let distance = below[0];
    let mut places = vec![usize::MAX; count];
    for set in 0..1usize << count {
        let place = set.count_ones() as usize;
        for x in (0..count).filter(|x| set >> x & 1 == 0) {
            if above[set] + cost_of_next(pairs, set, x) + below[set | 1 << x] == distance {
                places[x] = places[x].min(place);
            }
        }
    }
    let ranking = Ranking::by_number(&places.iter().map(|place| std::cmp::Reverse(*place)).collect::<Vec<_>>());
    Ranked { ranking, distance, lower_bound: distance }
}

/// The weight of the preferences for `x` over the candidates of a set, all of which are above it.
fn cost_of_next(pairs: &PairwisePreferences, set: usize, x: usize) -> i128 {
    (0..pairs.candidates()).filter(|y| set >> y & 1 == 1).map(|y| i128::from(pairs.units(x, y))).sum()
}

/// For each set, the distance of its best ranking.
fn best_above(pairs: &PairwisePreferences) -> Vec<i128> {
    let mut best = vec![0; 1 << pairs.candidates()];
    for set in 1..best.len() {
        let last = (0..pairs.candidates()).filter(|x| set >> x & 1 == 1).map(|x| {
            let others = set & !(1 << x);
            best[others] + cost_of_next(pairs, others, x)
        });
        best[set] = last.min().unwrap_or(0);
    }
    best
}

/// For each set, the least distance that the candidates outside it add if they are ranked below it.
fn best_below(pairs: &PairwisePreferences) -> Vec<i128> {
    let mut best = vec![0; 1 << pairs.candidates()];
    for set in (0..best.len() - 1).rev() {
        let next = (0..pairs.candidates())
            .filter(|x| set >> x & 1 == 0)
            .map(|x| cost_of_next(pairs, set, x) + best[set | 1 << x]);
        best[set] = next.min().unwrap_or(0);
    }
    best
}
