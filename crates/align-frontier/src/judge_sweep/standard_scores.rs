use super::JudgedSample;
use crate::error::option_error;
use crate::{Result, Sample};
use align_metrics::mean;

/// The origin and the unit of each judge's scores: their mean and standard deviation on the texts before training.
pub(super) struct StandardScores {
    judges: Vec<(f64, f64)>,
    weights: Vec<f64>,
}

impl StandardScores {
    /// From the texts of the model before training.
    pub(super) fn of(samples: &[JudgedSample], names: &[String], weights: &[f64]) -> Result<Self> {
        let of_judge = |(index, name): (usize, &String)| {
            let scores = scores_by(samples, index);
            let origin = mean(&scores)?;
            let unit = mean(&scores.iter().map(|score| (score - origin).powi(2)).collect::<Vec<_>>())?.sqrt();
            match unit > 0.0 && unit.is_finite() {
                true => Ok((origin, unit)),
                false => Err(option_error(
                    "judges",
                    format!("{name} gives the same score to all texts of the model before training: leave it out"),
                )),
            }
        };
        let judges = names.iter().enumerate().map(of_judge).collect::<Result<_>>()?;
        Ok(Self { judges, weights: weights.to_vec() })
    }

    /// The standard score of a judge, `(score - origin) / unit`.
    pub(super) fn standard(&self, judge: usize, score: f64) -> f64 {
        self.judges.get(judge).map_or(f64::NAN, |(origin, unit)| (score - origin) / unit)
    }

    /// The weighted mean of the standard scores of a text.
    pub(super) fn mean(&self, sample: &JudgedSample) -> f64 {
        let weighted = sample.scores.iter().zip(&self.weights).enumerate();
        let sum: f64 = weighted.map(|(judge, (score, weight))| weight * self.standard(judge, *score)).sum();
        sum / self.weights.iter().sum::<f64>()
    }

    /// The texts with their mean standard score as reward.
    pub(super) fn rewarded(&self, samples: &[JudgedSample]) -> Vec<Sample> {
        samples.iter().map(|sample| sample.with_reward(self.mean(sample))).collect()
    }
}

/// The scores of all texts by one judge.
pub(super) fn scores_by(samples: &[JudgedSample], judge: usize) -> Vec<f64> {
    samples.iter().filter_map(|sample| sample.scores.get(judge).copied()).collect()
}
