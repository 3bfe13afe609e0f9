use super::LogitsProcessor;
use crate::generation::ranking::log_sum_exp;

/// Replaces NaN scores by 0, and infinite scores by the largest or smallest finite value.
#[derive(Debug, Clone)]
pub struct RemoveInvalidValues;

impl LogitsProcessor for RemoveInvalidValues {
    fn process(&self, _ids: &[i64], scores: &mut [f32]) {
        for score in scores {
            *score = if score.is_nan() { 0.0 } else { score.clamp(f32::MIN, f32::MAX) };
        }
    }
}

/// Normalises the scores to log-probabilities.
#[derive(Debug, Clone)]
pub struct LogitNormalization;

impl LogitsProcessor for LogitNormalization {
    fn process(&self, _ids: &[i64], scores: &mut [f32]) {
        let total = log_sum_exp(scores);
        // Nothing to normalise if all tokens are excluded.
        if total.is_finite() {
            for score in scores {
                *score = (f64::from(*score) - total) as f32;
            }
        }
    }
}
