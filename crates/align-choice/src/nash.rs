use crate::score_table::{Judge, ScoreTable};
use crate::weighted_sum::weighted_means;
use crate::{Error, Outcome, Ranking, Result};

/// Differences between means of the same logarithms in another order. Logarithms of float64 are at most 745.
const ROUNDING: f64 = 1e-11;

/// The weighted geometric mean of the utilities, which are the scores above the zero point.
pub(crate) fn nash(table: &ScoreTable, zero: f64) -> Result<Outcome> {
    check_zero_point(&[table], zero, |_| true)?;
    let log = |score: &Option<f64>| score.map(|score| (score - zero).ln());
    let judges = table.counted().map(|judge| (judge.weight(), judge.scores().iter().map(log).collect()));
    let means = weighted_means(&judges.collect::<Vec<_>>(), table.candidates().len());
    if means.contains(&f64::INFINITY) {
        return Err(Error::Overflow("distance of a score from the zero point"));
    }
    Ok(Outcome::of_scores(Ranking::by_score(&means, ROUNDING), means.iter().map(|mean| mean.exp())))
}

/// Refuses scores below the zero point by the judges that count. The error has the lowest one.
pub(crate) fn check_zero_point(tables: &[&ScoreTable], zero: f64, counts: impl Fn(&Judge) -> bool) -> Result<()> {
    let mut lowest: Option<(&Judge, &String, f64)> = None;
    for (table, judge) in tables.iter().flat_map(|table| table.counted().map(move |judge| (table, judge))) {
        for (candidate, score) in table.candidates().iter().zip(judge.scores()).filter(|_| counts(judge)) {
            let below = score.filter(|score| *score < lowest.map_or(zero, |(.., lowest)| lowest));
            lowest = below.map(|score| (judge, candidate, score)).or(lowest);
        }
    }
    match lowest {
        None => Ok(()),
        Some((judge, candidate, score)) => {
            let (judge, candidate) = (judge.name().to_owned(), candidate.clone());
            Err(Error::BelowZeroPoint { judge, candidate, score, zero })
        }
    }
}
