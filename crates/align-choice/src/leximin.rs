use crate::scale::Scale;
use crate::score_table::ScoreTable;
use crate::{Outcome, Ranking, Result};
use std::cmp::Ordering;

/// Parts of the judges' weight that come from rounding.
const ROUNDING: f64 = 1e-12;
/// Scores in other scales are rounded to multiples of this, so that they are equal if they differ by rounding.
const STEP: f64 = 1.0 / (1u64 << 40) as f64;

/// Compares the lowest scores, then the next lowest ones, and so on. A score counts as often as its judge's weight says.
pub(crate) fn leximin(table: &ScoreTable, scale: Scale) -> Result<Outcome> {
    let judges = scale.of_table(table)?;
    let round = |score: f64| if scale == Scale::Raw { score + 0.0 } else { (score / STEP).round() * STEP + 0.0 };
    let ascending = |candidate: usize| {
        let scores = judges.iter().filter_map(|(weight, scores)| Some((round(scores[candidate]?), *weight)));
        let mut scores: Vec<(f64, f64)> = scores.collect();
        scores.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        // The share of the weight up to each score, so that candidates with different judges are comparable.
        let greatest = scores.iter().map(|(_, weight)| *weight).fold(0.0, f64::max);
        let total: f64 = scores.iter().map(|(_, weight)| weight / greatest).sum();
        let mut below = 0.0;
        for (_, weight) in &mut scores {
            below += *weight / greatest / total;
            *weight = below;
        }
        scores
    };
    let vectors: Vec<Vec<(f64, f64)>> = (0..table.candidates().len()).map(ascending).collect();
    let mut order: Vec<usize> = (0..vectors.len()).collect();
    order.sort_by(|x, y| compare(&vectors[*y], &vectors[*x]));
    let tiers = order.chunk_by(|x, y| compare(&vectors[*x], &vectors[*y]).is_eq()).map(<[usize]>::to_vec);
    let lowest = vectors.iter().map(|vector| vector.first().map_or(0.0, |(score, _)| *score));
    Ok(Outcome::of_scores(Ranking::of_tiers(tiers.collect()), lowest))
}

/// Compares two ascending lists of scores, each with the share of the weight up to it, at the smallest share at which they differ.
fn compare(a: &[(f64, f64)], b: &[(f64, f64)]) -> Ordering {
    let (mut a, mut b) = (a.iter().peekable(), b.iter().peekable());
    let mut compared = 0.0;
    while let (Some((score, until)), Some((other, other_until))) = (a.peek(), b.peek()) {
        let end = until.min(*other_until);
        let order = score.total_cmp(other);
        if order.is_ne() && end - compared > ROUNDING {
            return order;
        }
        compared = end;
        let (ends, other_ends) = (*until <= end, *other_until <= end);
        if ends {
            a.next();
        }
        if other_ends {
            b.next();
        }
    }
    Ordering::Equal
}
