//! The ranking with the smallest distance to those of the judges.

mod exact;
mod local_search;
mod ranked;

use crate::outcome::KemenyDistance;
use crate::smith_set::smith_tiers;
use crate::{Outcome, PairwisePreferences, Ranking};

/// Most candidates in a group that is ranked exactly.
const MOST_EXACT: usize = 12;

/// Candidates that beat all of another group are above them in every best ranking (Truchon, 1998). So each group is ranked on its own.
pub(crate) fn kemeny_young(pairs: &PairwisePreferences) -> Outcome {
    let groups = smith_tiers(pairs);
    let between = distance_between(pairs, &groups);
    let (mut ranking, mut distance, mut lower_bound) = (Ranking::of_tiers(Vec::new()), between, between);
    for group in groups {
        let preferences = pairs.restricted(&group);
        let ranked = if group.len() <= MOST_EXACT {
            exact::best_rankings(&preferences)
        } else {
            local_search::good_ranking(&preferences)
        };
        ranking = ranking.followed_by(ranked.ranking.renumbered(&group));
        distance += ranked.distance;
        lower_bound += ranked.lower_bound;
    }
    let in_weights = |units: i128| units as f64 * pairs.in_weights(1);
    let kemeny = KemenyDistance {
        distance: in_weights(distance),
        lower_bound: in_weights(lower_bound),
        is_exact: distance == lower_bound,
    };
    Outcome { kemeny: Some(kemeny), ..Outcome::of_ranking(ranking, pairs.candidates()) }
}

/// The weight of the preferences for candidates of later groups over those of earlier ones.
fn distance_between(pairs: &PairwisePreferences, groups: &[Vec<usize>]) -> i128 {
    let order: Vec<(usize, usize)> =
        groups.iter().enumerate().flat_map(|(group, members)| members.iter().map(move |x| (group, *x))).collect();
    let reversed = |(group, x): &(usize, usize)| {
        let later = order.iter().filter(|(other, _)| other > group);
        later.map(|(_, y)| i128::from(pairs.units(*y, *x))).sum::<i128>()
    };
    order.iter().map(reversed).sum()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{Ballot, Profile, Unranked};
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    /// Random rankings by five judges, which mostly have cycles.
    fn random_pairs(candidates: usize, rng: &mut ChaCha8Rng) -> PairwisePreferences {
        let ballots = (0..5).map(|_| {
            let mut keys: Vec<(u32, usize)> = (0..candidates).map(|at| (rng.random(), at)).collect();
            keys.sort_unstable();
            Ballot::strict(keys.into_iter().map(|(_, at)| at), 1.0)
        });
        let ballots: Vec<Ballot> = ballots.collect();
        let profile = Profile::new((0..candidates).map(|at| at.to_string()), ballots).unwrap();
        PairwisePreferences::new(&profile, Unranked::NoOpinion).unwrap()
    }

    /// The distance of a ranking without ties.
    fn distance(pairs: &PairwisePreferences, order: &[usize]) -> f64 {
        let reversed = |at: usize| order[at + 1..].iter().map(|y| pairs.weight(*y, order[at])).sum::<f64>();
        (0..order.len()).map(reversed).sum()
    }

    #[test]
    fn local_search_is_close_to_the_exact_distance() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut equal = 0;
        for _ in 0..500 {
            let pairs = random_pairs(9, &mut rng);
            let (exact, found) = (exact::best_rankings(&pairs), local_search::good_ranking(&pairs));
            assert!(found.lower_bound <= exact.distance && exact.distance <= found.distance);
            assert_eq!(distance(&pairs, &found.ranking.tiers().concat()), found.distance as f64);
            equal += usize::from(exact.distance == found.distance);
        }
        assert!(equal > 400, "{equal}");
    }

    /// Beyond the exact method, no move of one candidate makes the distance smaller.
    #[test]
    fn many_candidates_have_a_bound() {
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let mut inexact = 0;
        for _ in 0..20 {
            let pairs = random_pairs(30, &mut rng);
            let outcome = kemeny_young(&pairs);
            let kemeny = outcome.kemeny.unwrap();
            let order = outcome.ranking.tiers().concat();
            assert_eq!(distance(&pairs, &order), kemeny.distance);
            assert!(
                kemeny.lower_bound <= kemeny.distance && kemeny.is_exact == (kemeny.lower_bound == kemeny.distance)
            );
            inexact += usize::from(!kemeny.is_exact);
            for (from, to) in (0..30).flat_map(|from| (0..30).map(move |to| (from, to))) {
                let mut moved = order.clone();
                let candidate = moved.remove(from);
                moved.insert(to, candidate);
                assert!(distance(&pairs, &moved) >= kemeny.distance, "{from} {to}");
            }
        }
        assert!(inexact > 10, "{inexact}");
    }
}
