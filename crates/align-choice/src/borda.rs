use crate::{Outcome, PairwisePreferences, Ranking};

/// The sum of a candidate's margins over all others.
pub(crate) fn borda(pairs: &PairwisePreferences) -> Outcome {
    let candidates = 0..pairs.candidates();
    let sum = |x| candidates.clone().map(|y| pairs.margin_units(x, y)).sum::<i64>();
    let sums: Vec<i64> = candidates.clone().map(sum).collect();
    Outcome::of_scores(Ranking::by_number(&sums), sums.iter().map(|sum| pairs.in_weights(*sum)))
}
