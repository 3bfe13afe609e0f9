use crate::{Outcome, PairwisePreferences, Strength};

/// Ranks by the strengths of the strongest paths, found as by Floyd and Warshall.
pub(crate) fn schulze(pairs: &PairwisePreferences, strength: Strength) -> Outcome {
    let count = pairs.candidates();
    let mut paths: Vec<Vec<i64>> =
        (0..count).map(|x| (0..count).map(|y| pairs.strength(x, y, strength)).collect()).collect();
    for via in 0..count {
        let from_via = paths[via].clone();
        for row in &mut paths {
            let to_via = row[via];
            row.iter_mut().zip(&from_via).for_each(|(path, rest)| *path = (*path).max(to_via.min(*rest)));
        }
    }
    Outcome::of_partial_order(count, |x, y| paths[x][y] > paths[y][x])
}
