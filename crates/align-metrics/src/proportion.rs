use crate::Interval;

/// A number of successes among a number of trials, such as pairs that a reward model orders correctly.
///
/// ```
/// use align_metrics::Proportion;
/// let correct = Proportion { successes: 81, trials: 263 };
/// let interval = correct.wilson_interval();
/// assert!((interval.low - 0.2553).abs() < 1e-4 && (interval.high - 0.3662).abs() < 1e-4);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Proportion {
    /// The number of successes.
    pub successes: usize,
    /// The number of trials.
    pub trials: usize,
}

/// The level of the interval.
const LEVEL: f64 = 0.95;

/// The 97.5% quantile of the normal distribution.
const Z: f64 = 1.959_963_984_540_054;

impl Proportion {
    /// Counts the successes.
    pub fn of(outcomes: impl IntoIterator<Item = bool>) -> Self {
        outcomes.into_iter().fold(Self::default(), |all, success| Self {
            successes: all.successes + usize::from(success),
            trials: all.trials + 1,
        })
    }

    /// The share of successes; NaN without trials.
    #[must_use]
    pub fn value(self) -> f64 {
        self.successes as f64 / self.trials as f64
    }

    /// The 95% score interval of Wilson (1927). It stays between 0 and 1, and has the right size also for few trials and for shares near 0
    /// or 1. Without trials it is everything, 0 to 1.
    #[must_use]
    pub fn wilson_interval(self) -> Interval {
        if self.trials == 0 {
            return Interval { low: 0.0, high: 1.0, level: LEVEL };
        }
        let (p, n) = (self.value(), self.trials as f64);
        let centre = p + Z * Z / (2.0 * n);
        let half = Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
        let scale = 1.0 + Z * Z / n;
        Interval { low: ((centre - half) / scale).max(0.0), high: ((centre + half) / scale).min(1.0), level: LEVEL }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The ends of the interval are the shares p0 whose score test has |p - p0| = z sqrt(p0 (1 - p0) / n).
    #[test]
    fn the_ends_solve_the_equation_of_the_score_test() {
        for (successes, trials) in [(1, 10), (5, 10), (81, 263), (999, 1000)] {
            let proportion = Proportion { successes, trials };
            let Interval { low, high, .. } = proportion.wilson_interval();
            for end in [low, high] {
                let distance = (proportion.value() - end).abs();
                assert!(
                    (distance - Z * (end * (1.0 - end) / trials as f64).sqrt()).abs() < 1e-12,
                    "{successes}: {end}"
                );
            }
        }
    }

    #[test]
    fn extremes_stay_within_0_and_1() {
        let none = Proportion::of([false; 20]).wilson_interval();
        assert!(none.low == 0.0 && (none.high - 0.161_125).abs() < 1e-5, "{none:?}");
        let all = Proportion::of([true; 20]).wilson_interval();
        assert!(all.high == 1.0 && (all.low - 0.838_875).abs() < 1e-5, "{all:?}");
        assert_eq!(Proportion::default().wilson_interval(), Interval { low: 0.0, high: 1.0, level: 0.95 });
    }
}
