use crate::{Outcome, PairwisePreferences, Ranking};

/// The number of candidates that a candidate beats, minus the number of those that beat it.
pub(crate) fn copeland(pairs: &PairwisePreferences) -> Outcome {
    let numbers = copeland_numbers(pairs);
    Outcome::of_scores(Ranking::by_number(&numbers), numbers.iter().map(|number| *number as f64))
}

pub(crate) fn copeland_numbers(pairs: &PairwisePreferences) -> Vec<i64> {
    let candidates = 0..pairs.candidates();
    candidates.clone().map(|x| candidates.clone().map(|y| pairs.margin_units(x, y).signum()).sum()).collect()
}
