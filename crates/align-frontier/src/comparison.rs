use crate::{Measured, Result};
use align_metrics::{Estimate, PairedComparison, holm_adjusted};
use serde::{Deserialize, Serialize};

/// The highest p-value of what is called beyond chance.
const SIGNIFICANT: f64 = 0.05;

/// One of several comparisons that a sweep answers at once.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// The comparison alone.
    pub paired: PairedComparison,
    /// Its p-value, adjusted for the others' by [`holm_adjusted`].
    pub adjusted_p_value: f64,
}

impl Comparison {
    /// Each of them beside the others.
    pub(crate) fn all(paired: Vec<PairedComparison>) -> Result<Vec<Self>> {
        let adjusted = holm_adjusted(&paired.iter().map(|found| found.p_value).collect::<Vec<_>>())?;
        let both = paired.into_iter().zip(adjusted);
        Ok(both.map(|(paired, adjusted_p_value)| Self { paired, adjusted_p_value }).collect())
    }

    /// Whether the first is above the second by its interval and by the adjusted p-value, of at most 0.05.
    #[must_use]
    pub fn is_beyond_chance(&self) -> bool {
        self.paired.mean_difference.interval.low > 0.0 && self.adjusted_p_value <= SIGNIFICANT
    }

    pub(crate) fn in_words(&self) -> String {
        let Self { paired, adjusted_p_value } = self;
        let verdict = if self.is_beyond_chance() { "beyond chance" } else { "not told apart" };
        format!("(p = {:.3}, adjusted {adjusted_p_value:.3}): {verdict}", paired.p_value)
    }
}

pub(crate) fn bracketed(estimate: Estimate) -> String {
    format!("{:.3} [{:.3}, {:.3}]", estimate.value, estimate.interval.low, estimate.interval.high)
}

/// The reward of each text.
pub(crate) fn rewards(run: &Measured) -> Vec<f64> {
    run.samples.iter().map(|sample| sample.reward).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use align_metrics::Bootstrap;

    /// All six differences have one sign: 2 of the 64 ways to flip them are as far from 0.
    #[test]
    fn what_one_question_tells_apart_several_need_not() {
        let (first, second) = ([3.0, 3.0, 3.0, 3.0, 3.0, 3.0], [2.0, 2.0, 1.5, 2.0, 2.0, 1.0]);
        let paired = PairedComparison::of(&first, &second, None, &Bootstrap::default()).unwrap();
        assert_eq!(paired.p_value, 2.0 / 64.0);
        assert!(paired.mean_difference.interval.low > 0.0);
        let alone = Comparison::all(vec![paired]).unwrap();
        assert!(alone[0].is_beyond_chance() && alone[0].in_words().ends_with("adjusted 0.031): beyond chance"));
        let both = Comparison::all(vec![paired, paired]).unwrap();
        assert!(both.iter().all(|found| found.adjusted_p_value == 4.0 / 64.0 && !found.is_beyond_chance()));
        assert!(both[0].in_words().ends_with("adjusted 0.062): not told apart"), "{}", both[0].in_words());
    }
}
