use crate::{Outcome, PairwisePreferences, Ranking, Strength};

/// Ranks by the strength of a candidate's worst defeat, the weakest first.
pub(crate) fn minimax(pairs: &PairwisePreferences, strength: Strength) -> Outcome {
    let candidates = 0..pairs.candidates();
    let worst = |x| candidates.clone().map(|y| pairs.strength(y, x, strength)).max().unwrap_or(0);
    let numbers: Vec<i64> = candidates.clone().map(|x| -worst(x)).collect();
    Outcome::of_scores(Ranking::by_number(&numbers), numbers.iter().map(|number| pairs.in_weights(*number)))
}
