use crate::Check;
use align_metrics::Proportion;
use serde::Serialize;

/// The 97.5% quantile of the normal distribution.
const Z: f64 = 1.959_963_984_540_054;

/// How well a property of the texts predicts which one is chosen: a share of pairs, or of desirable texts against undesirable ones
/// (area under the ROC curve). Chance is 0.5.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Prediction {
    /// The check.
    pub name: Check,
    /// The share of right predictions.
    pub accuracy: f64,
    /// The lower end of the 95% interval.
    pub low: f64,
    /// The upper end of the 95% interval.
    pub high: f64,
    /// The rows that were predicted.
    pub rows: u64,
    /// The rule, in words.
    pub rule: String,
    /// What the check finds.
    pub finds: &'static str,
    /// What to do about it.
    pub advice: &'static str,
}

impl Prediction {
    /// A share of rows that are predicted rightly, with the interval of Wilson. Ties count half.
    #[must_use]
    pub fn of_share(check: Check, right: f64, rows: u64, rule: &str) -> Self {
        let interval = Proportion { successes: right.round() as usize, trials: rows as usize }.wilson_interval();
        Self::new(check, right / rows as f64, [interval.low, interval.high], rows, rule)
    }

    /// An area under the ROC curve with the numbers of negative and positive rows, and the interval of Hanley and McNeil (1982). It has no
    /// width for an area of 1: then it is that of Wilson for as many trials as the rarer kind has rows, because the variance of an area `a`
    /// of `m` and `n` rows is at most `a (1 - a) / min(m, n)`. `None` without rows of both kinds.
    #[must_use]
    pub fn of_auc(check: Check, auc: f64, [negative, positive]: [f64; 2], rule: &str) -> Option<Self> {
        let (q1, q2) = (auc / (2.0 - auc), 2.0 * auc * auc / (1.0 + auc));
        let square = auc * auc;
        let sum = auc * (1.0 - auc) + (positive - 1.0) * (q1 - square) + (negative - 1.0) * (q2 - square);
        let error = (sum.max(0.0) / (positive * negative)).sqrt();
        let fewest = positive.min(negative);
        if auc >= 1.0 && fewest >= 1.0 {
            let interval = Proportion { successes: fewest as usize, trials: fewest as usize }.wilson_interval();
            return Some(Self::new(check, auc, [interval.low, 1.0], (negative + positive) as u64, rule));
        }
        Self::of_estimate(check, auc, error, (negative + positive) as u64, rule)
    }

    /// A share with a standard error. `None` if it is not a number.
    #[must_use]
    pub fn of_estimate(check: Check, accuracy: f64, error: f64, rows: u64, rule: &str) -> Option<Self> {
        let ends = [(accuracy - Z * error).max(0.0), (accuracy + Z * error).min(1.0)];
        (accuracy.is_finite() && error.is_finite()).then(|| Self::new(check, accuracy, ends, rows, rule))
    }

    /// Whether the 95% interval lies above chance.
    #[must_use]
    pub fn is_above_chance(&self) -> bool {
        self.low > 0.5
    }

    fn new(check: Check, accuracy: f64, [low, high]: [f64; 2], rows: u64, rule: &str) -> Self {
        let (finds, advice) = (check.finds(), check.advice());
        Self { name: check, accuracy, low, high, rows, rule: rule.to_owned(), finds, advice }
    }
}
