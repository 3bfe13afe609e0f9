use super::LogitsProcessor;
use crate::generation::ranking::log_sum_exp;

/// Makes NaN 0, and infinite scores the greatest and the least finite one.
#[derive(Debug, Clone)]
pub struct RemoveInvalidValues;

impl LogitsProcessor for RemoveInvalidValues {
    fn process(&self, _ids: &[i64], scores: &mut [f32]) {
        for score in scores {
            *score = if score.is_nan() { 0.0 } else { score.clamp(f32::MIN, f32::MAX) };
        }
    }
}

/// Makes the scores log-probabilities: the exponentials sum to 1.
#[derive(Debug, Clone)]
pub struct LogitNormalization;

impl LogitsProcessor for LogitNormalization {
    fn process(&self, _ids: &[i64], scores: &mut [f32]) {
        let total = log_sum_exp(scores);
        // Where nothing is left there is nothing to normalise.
        if total.is_finite() {
            for score in scores {
                *score = (f64::from(*score) - total) as f32;
            }
        }
    }
}
