use crate::score_table::{Judge, ScoreTable};
use crate::{Error, Result};
use serde::{Deserialize, Serialize};

/// How the scores of different judges are made comparable.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scale {
    /// They are used as they are.
    #[default]
    Raw,
    /// The judge's mean is subtracted, and the rest divided by its standard deviation (of the population). A judge whose scores are all the
    /// same has 0 everywhere.
    ZScore,
    /// The fraction of the judge's other scored candidates that are below the candidate, where equal ones count half. A judge that scores one
    /// candidate only has ½ there.
    Quantile,
}

impl Scale {
    /// The scores of a judge in this scale.
    pub(crate) fn scores(self, judge: &Judge) -> Result<Vec<Option<f64>>> {
        let scored: Vec<f64> = judge.scores().iter().copied().flatten().collect();
        let scaled = match self {
            Self::Raw => return Ok(judge.scores().to_vec()),
            Self::ZScore => z_scores(&scored)?,
            Self::Quantile => quantiles(&scored),
        };
        let mut scaled = scaled.into_iter();
        Ok(judge.scores().iter().map(|score| score.and_then(|_| scaled.next())).collect())
    }

    /// The scores of all judges of positive weight in this scale, with their weights.
    pub(crate) fn of_table(self, table: &ScoreTable) -> Result<Vec<(f64, Vec<Option<f64>>)>> {
        table.counted().map(|judge| Ok((judge.weight(), self.scores(judge)?))).collect()
    }
}

fn z_scores(scores: &[f64]) -> Result<Vec<f64>> {
    let count = scores.len() as f64;
    let mean = scores.iter().sum::<f64>() / count;
    let deviation = (scores.iter().map(|score| (score - mean).powi(2)).sum::<f64>() / count).sqrt();
    if !deviation.is_finite() && !scores.is_empty() {
        return Err(Error::Overflow("standard deviation"));
    }
    // The mean of equal numbers may be rounded.
    let is_constant = scores.windows(2).all(|pair| pair[0] == pair[1]) || deviation == 0.0;
    Ok(scores.iter().map(|score| if is_constant { 0.0 } else { (score - mean) / deviation }).collect())
}

fn quantiles(scores: &[f64]) -> Vec<f64> {
    let quantile = |score: &f64| {
        let below = scores.iter().filter(|other| *other < score).count();
        let equal = scores.iter().filter(|other| *other == score).count() - 1;
        match scores.len() {
            1 => 0.5,
            count => (2 * below + equal) as f64 / (2 * (count - 1)) as f64,
        }
    };
    scores.iter().map(quantile).collect()
}
