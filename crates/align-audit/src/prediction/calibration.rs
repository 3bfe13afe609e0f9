//! Probabilities out of the scores of a model (Platt 1999): the logistic regression of the labels on the scores.

/// Newton's steps.
const STEPS: usize = 50;

/// A penalty on the squares of both parameters, so that they are finite if the scores separate the labels.
const PENALTY: f64 = 1e-3;

/// The probability of the positive label is `1 / (1 + exp(-(slope * score + offset)))`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Calibration {
    slope: f64,
    offset: f64,
}

impl Calibration {
    /// Fits scores and labels. The offset is 0 for pairs, which have no order.
    pub fn fit(scored: &[(f64, bool)], with_offset: bool) -> Self {
        let mut fitted = Self { slope: 0.0, offset: 0.0 };
        for _ in 0..STEPS {
            let (mut g, mut h) = ([PENALTY * fitted.slope, PENALTY * fitted.offset], [PENALTY, 0.0, PENALTY]);
            for &(score, label) in scored {
                let p = fitted.probability(score);
                let (residual, weight) = (p - f64::from(u8::from(label)), p * (1.0 - p));
                g = [g[0] + residual * score, g[1] + residual];
                h = [h[0] + weight * score * score, h[1] + weight * score, h[2] + weight];
            }
            let determinant = h[0] * h[2] - h[1] * h[1];
            let step = match with_offset && determinant > 0.0 {
                true => [(h[2] * g[0] - h[1] * g[1]) / determinant, (h[0] * g[1] - h[1] * g[0]) / determinant],
                false => [g[0] / h[0], 0.0],
            };
            // Far from the optimum, a whole step may overshoot.
            let damping = 1.0 / (step[0].abs().max(step[1].abs()) / 4.0).max(1.0);
            fitted = Self { slope: fitted.slope - damping * step[0], offset: fitted.offset - damping * step[1] };
            if step.iter().all(|step| step.abs() < 1e-9) {
                break;
            }
        }
        fitted
    }

    /// The probability of the positive label.
    pub fn probability(self, score: f64) -> f64 {
        1.0 / (1.0 + (-(self.slope * score + self.offset)).exp())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_probability_is_the_share_of_positive_labels() {
        let scored: Vec<(f64, bool)> =
            (0..400).map(|i| (f64::from(i % 20) / 10.0 - 1.0, (i * 7) % 20 < i % 20)).collect();
        let fitted = Calibration::fit(&scored, true);
        let mean = scored.iter().map(|(score, _)| fitted.probability(*score)).sum::<f64>() / 400.0;
        let share = scored.iter().filter(|(_, label)| *label).count() as f64 / 400.0;
        assert!((mean - share).abs() < 1e-4 && fitted.slope > 0.0, "{mean} {share} {fitted:?}");
    }

    #[test]
    fn pairs_without_a_signal_have_probability_one_half() {
        let scored: Vec<(f64, bool)> = (0..100).map(|i| (if i % 2 == 0 { 1.0 } else { -1.0 }, true)).collect();
        assert!((Calibration::fit(&scored, false).probability(1.0) - 0.5).abs() < 1e-6);
    }
}
