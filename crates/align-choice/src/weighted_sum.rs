use crate::scale::Scale;
use crate::score_table::ScoreTable;
use crate::{Error, Outcome, Ranking, Result};

/// Differences between sums of the same terms in another order, relative to the greatest score.
const ROUNDING: f64 = 1e-12;

/// The weighted mean of the scores of the judges that score a candidate.
pub(crate) fn weighted_sum(table: &ScoreTable, scale: Scale) -> Result<Outcome> {
    let judges = scale.of_table(table)?;
    let means = weighted_means(&judges, table.candidates().len());
    if means.iter().any(|mean| !mean.is_finite()) {
        return Err(Error::Overflow("weighted sum"));
    }
    let greatest = judges.iter().flat_map(|(_, scores)| scores).flatten().map(|score| score.abs()).fold(0.0, f64::max);
    Ok(Outcome::of_scores(Ranking::by_score(&means, ROUNDING * greatest), means))
}

/// The weighted mean of each candidate's scores. Each candidate has one at least.
pub(crate) fn weighted_means(judges: &[(f64, Vec<Option<f64>>)], candidates: usize) -> Vec<f64> {
    // Ratios of weights, so that their sum does not overflow.
    let greatest = judges.iter().map(|(weight, _)| *weight).fold(0.0, f64::max);
    let mean = |candidate: usize| {
        let (mut sum, mut weights) = (0.0, 0.0);
        for (weight, scores) in judges {
            if let Some(score) = scores[candidate] {
                sum += weight / greatest * score;
                weights += weight / greatest;
            }
        }
        sum / weights
    };
    (0..candidates).map(mean).collect()
}
