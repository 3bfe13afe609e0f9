use crate::score_table::{Judge, ScoreTable};
use crate::weighted_sum::weighted_means;
use crate::{Error, Outcome, Ranking, Result};

/// Differences between means of the same logarithms in another order. Logarithms of float64 are at most 745.
const ROUNDING: f64 = 1e-11;

/// The weighted geometric mean of the utilities, which are the scores above the zero point.
pub(crate) fn nash(table: &ScoreTable, zero: f64) -> Result<Outcome> {
    let judges = table.counted().map(|judge| Ok((judge.weight(), log_utilities(table, judge, zero)?)));
    let means = weighted_means(&judges.collect::<Result<Vec<_>>>()?, table.candidates().len());
    if means.contains(&f64::INFINITY) {
        return Err(Error::Overflow("distance of a score from the zero point"));
    }
    Ok(Outcome::of_scores(Ranking::by_score(&means, ROUNDING), means.iter().map(|mean| mean.exp())))
}

/// The logarithms of a judge's utilities. That of a score at the zero point is negative infinity.
fn log_utilities(table: &ScoreTable, judge: &Judge, zero: f64) -> Result<Vec<Option<f64>>> {
    let log = |(score, candidate): (&Option<f64>, &String)| match *score {
        Some(score) if score < zero => {
            let (judge, candidate) = (judge.name().to_owned(), candidate.clone());
            Err(Error::BelowZeroPoint { judge, candidate, score, zero })
        }
        score => Ok(score.map(|score| (score - zero).ln())),
    };
    judge.scores().iter().zip(table.candidates()).map(log).collect()
}
