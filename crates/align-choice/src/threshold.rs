use crate::outcome::KemenyDistance;
use crate::score_table::ScoreTable;
use crate::{Error, Outcome, Result};

/// A judge as a constraint: its score must be at least a value.
#[derive(Debug, Clone, PartialEq)]
pub struct Threshold {
    /// The name of the judge.
    pub judge: String,
    /// The least score that meets the threshold.
    pub least: f64,
}

/// Ranks the candidates that meet all thresholds by an objective, and then the others by the same objective. `rank` applies it to the table
/// of a group and the judges without a threshold; it also gets the candidates of the group.
pub(crate) fn threshold(
    table: &ScoreTable,
    thresholds: &[Threshold],
    rank: impl Fn(&ScoreTable, &[usize]) -> Result<Outcome>,
) -> Result<Outcome> {
    let meets = meets_thresholds(table, thresholds)?;
    let is_free = |judge: &str| thresholds.iter().all(|threshold| threshold.judge != judge);
    if !table.counted().any(|judge| is_free(judge.name())) {
        return Err(Error::NoObjective);
    }
    let candidates = meets.len();
    let mut groups: Vec<Vec<usize>> =
        [true, false].map(|wanted| (0..candidates).filter(|at| meets[*at] == wanted).collect()).into();
    groups.retain(|group| !group.is_empty());
    let ranked = groups.into_iter().map(|group| {
        let outcome = rank(&table.restricted(&group, |judge| is_free(judge.name())), &group)?;
        let ranking = outcome.ranking.renumbered(&group);
        // The other group is ranked separately.
        Ok(Outcome { ranking, ..outcome.renumbered(&group, candidates) })
    });
    let both = ranked.collect::<Result<Vec<_>>>()?.into_iter().reduce(followed_by);
    let outcome = both.ok_or(Error::Empty("candidates"))?;
    Ok(Outcome { meets_thresholds: Some(meets), ..outcome })
}

/// Whether each candidate meets all thresholds. A candidate on which such a judge abstains does not.
fn meets_thresholds(table: &ScoreTable, thresholds: &[Threshold]) -> Result<Vec<bool>> {
    let mut meets = vec![true; table.candidates().len()];
    for threshold in thresholds {
        let Some(judge) = table.judges().iter().find(|judge| judge.name() == threshold.judge) else {
            let judges = table.judges().iter().map(|judge| judge.name().to_owned()).collect();
            return Err(Error::UnknownJudge { judge: threshold.judge.clone(), judges });
        };
        for (meets, score) in meets.iter_mut().zip(judge.scores()) {
            *meets &= score.is_some_and(|score| score >= threshold.least);
        }
    }
    Ok(meets)
}

/// The outcome of the candidates that meet the thresholds, with the ranking and the numbers of the others below.
fn followed_by(first: Outcome, second: Outcome) -> Outcome {
    let kemeny = first.kemeny.zip(second.kemeny).map(|(a, b)| KemenyDistance {
        distance: a.distance + b.distance,
        lower_bound: a.lower_bound + b.lower_bound,
        is_exact: a.is_exact && b.is_exact,
    });
    let mut incomparable = [first.incomparable, second.incomparable].concat();
    incomparable.sort_unstable();
    Outcome {
        incomparable,
        ranking: first.ranking.followed_by(second.ranking),
        scores: first.scores.into_iter().zip(second.scores).map(|(a, b)| a.or(b)).collect(),
        kemeny,
        ..first
    }
}
