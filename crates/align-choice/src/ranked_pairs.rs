use crate::reachability::Reachability;
use crate::{Outcome, PairwisePreferences, Strength};

/// A majority for `winner` over `loser`.
struct Majority {
    strength: i64,
    winner: usize,
    loser: usize,
}

/// Locks majorities, the strongest first, unless they close a cycle.
///
/// Equal majorities are locked in the order that breaks ties, by winner and then by loser. Without such an order they are considered
/// together: of those that close no cycle with stronger ones, all that are on a cycle with each other are skipped.
pub(crate) fn ranked_pairs(pairs: &PairwisePreferences, strength: Strength, order: Option<&[usize]>) -> Outcome {
    let count = pairs.candidates();
    let mut locked = Reachability::new(count);
    let majorities = sorted_majorities(pairs, strength, order);
    for equal in majorities.chunk_by(|a, b| order.is_none() && a.strength == b.strength) {
        let open: Vec<&Majority> = equal.iter().filter(|pair| !locked.has_path(pair.loser, pair.winner)).collect();
        if let [only] = open[..] {
            locked.add_edge(only.winner, only.loser);
            continue;
        }
        let mut all = locked.clone();
        open.iter().for_each(|pair| all.add_edge(pair.winner, pair.loser));
        for pair in open.iter().filter(|pair| !all.has_path(pair.loser, pair.winner)) {
            locked.add_edge(pair.winner, pair.loser);
        }
    }
    Outcome::of_partial_order(count, |x, y| locked.has_path(x, y))
}

/// The majorities, the strongest first.
fn sorted_majorities(pairs: &PairwisePreferences, strength: Strength, order: Option<&[usize]>) -> Vec<Majority> {
    let candidates: Vec<usize> = order.map_or_else(|| (0..pairs.candidates()).collect(), <[usize]>::to_vec);
    let mut majorities = Vec::new();
    for &winner in &candidates {
        for &loser in candidates.iter().filter(|loser| pairs.beats(winner, **loser)) {
            majorities.push(Majority { strength: pairs.strength(winner, loser, strength), winner, loser });
        }
    }
    majorities.sort_by_key(|majority| std::cmp::Reverse(majority.strength));
    majorities
}
