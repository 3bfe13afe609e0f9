use crate::{PolicyResult, Result, Sweep};
use align_metrics::{Estimate, PairedComparison, holm_adjusted};
use align_report::format_number;
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;

/// Significance level of adjusted p-values.
pub(crate) const SIGNIFICANCE_LEVEL: f64 = 0.05;

/// One of several simultaneous comparisons.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// The comparison on its own.
    pub paired: PairedComparison,
    /// The p-value after Holm's correction for all comparisons ([`holm_adjusted`]).
    pub adjusted_p_value: f64,
}

impl Comparison {
    /// Adjusts the p-values for the number of comparisons.
    pub(crate) fn adjust_all(paired: Vec<PairedComparison>) -> Result<Vec<Self>> {
        let adjusted = holm_adjusted(&paired.iter().map(|found| found.p_value).collect::<Vec<_>>())?;
        let both = paired.into_iter().zip(adjusted);
        Ok(both.map(|(paired, adjusted_p_value)| Self { paired, adjusted_p_value }).collect())
    }

    /// Whether the first mean is significantly higher: the interval of the difference is above 0 and the adjusted
    /// p-value is at most 0.05.
    #[must_use]
    pub fn is_significant(&self) -> bool {
        self.significant_direction() == Some(Ordering::Greater)
    }

    /// Whether the first mean is significantly higher or lower, or neither: the interval of the difference does not contain 0 and the adjusted
    /// p-value is at most 0.05.
    #[must_use]
    pub fn significant_direction(&self) -> Option<Ordering> {
        let interval = self.paired.mean_difference.interval;
        match (interval.low > 0.0, interval.high < 0.0) {
            _ if self.adjusted_p_value > SIGNIFICANCE_LEVEL => None,
            (true, _) => Some(Ordering::Greater),
            (_, true) => Some(Ordering::Less),
            _ => None,
        }
    }
}

/// The points compared with the model before training, by their index, with p-values adjusted for the number of points.
pub(crate) fn against_reference(sweep: &Sweep) -> Vec<(usize, Comparison)> {
    let runs = sweep.points.iter().map(|(_, run)| run).enumerate();
    let (points, compared) = runs.filter_map(|(index, run)| Some((index, run.evaluation.against_reference?))).unzip();
    let adjusted = Comparison::adjust_all(compared).unwrap_or_default();
    Vec::into_iter(points).zip(adjusted).collect()
}

/// The number and its 95% interval, with the minus sign of print.
pub(crate) fn format_estimate(estimate: Estimate) -> String {
    // Two significant digits of half the width of the interval, as in tables.
    let half = (estimate.interval.high - estimate.interval.low) / 2.0;
    let decimals = if half > 0.0 { (1.0 - half.log10().floor()).clamp(0.0, 6.0) as usize } else { 3 };
    let [value, low, high] =
        [estimate.value, estimate.interval.low, estimate.interval.high].map(|x| format_number(x, decimals));
    format!("{value} [{low}, {high}]")
}

/// The reward of each text.
pub(crate) fn rewards(run: &PolicyResult) -> Vec<f64> {
    run.samples.iter().map(|sample| sample.reward).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use align_metrics::Bootstrap;

    /// All six differences have the same sign, so 2 of the 64 sign flips are as extreme.
    #[test]
    fn adjustment_can_remove_significance() {
        let (first, second) = ([3.0, 3.0, 3.0, 3.0, 3.0, 3.0], [2.0, 2.0, 1.5, 2.0, 2.0, 1.0]);
        let paired = PairedComparison::of(&first, &second, None, &Bootstrap::default()).unwrap();
        assert_eq!(paired.p_value, 2.0 / 64.0);
        assert!(paired.mean_difference.interval.low > 0.0);
        let alone = Comparison::adjust_all(vec![paired]).unwrap();
        assert!(alone[0].is_significant());
        let reversed = PairedComparison::of(&second, &first, None, &Bootstrap::default()).unwrap();
        let reversed = Comparison::adjust_all(vec![reversed]).unwrap();
        assert_eq!(reversed[0].significant_direction(), Some(Ordering::Less));
        assert!(!reversed[0].is_significant());
        let both = Comparison::adjust_all(vec![paired, paired]).unwrap();
        assert!(both.iter().all(|found| found.adjusted_p_value == 4.0 / 64.0 && !found.is_significant()));
    }
}
