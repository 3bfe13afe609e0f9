use crate::Result;
use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor};

/// The unit that a mean is taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Over {
    /// Tokens.
    Tokens,
    /// Rows: texts, or single completions.
    Rows,
    /// Pairs of completions.
    Pairs,
}

/// A mean with its unit and count, so that the means of several batches can be combined exactly.
///
/// ```
/// use align_losses::{Mean, Over};
/// let batches = [Mean { value: 4.0, over: Over::Tokens, count: 30.0 }, Mean { value: 2.0, over: Over::Tokens, count: 10.0 }];
/// assert_eq!(Mean::combine(batches), Some(Mean { value: 3.5, over: Over::Tokens, count: 40.0 }));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mean {
    /// The mean.
    pub value: f64,
    /// The unit that it is taken over.
    pub over: Over,
    /// The number of units.
    pub count: f64,
}

impl Mean {
    /// A mean over `count` tokens.
    pub fn over_tokens(value: f64, count: f64) -> Self {
        Self { value, over: Over::Tokens, count }
    }

    /// A mean over `count` rows.
    pub fn over_rows(value: f64, count: usize) -> Self {
        Self { value, over: Over::Rows, count: count as f64 }
    }

    /// A mean over `count` pairs.
    pub fn over_pairs(value: f64, count: usize) -> Self {
        Self { value, over: Over::Pairs, count: count as f64 }
    }

    /// The mean of the losses of pairs, `(pairs)`.
    ///
    /// # Errors
    /// LibTorch errors only.
    pub fn of_pair_losses(losses: &Tensor) -> Result<Self> {
        Ok(Self::over_pairs(losses.f_mean(Kind::Double)?.f_double_value(&[])?, losses.numel()))
    }

    /// The mean multiplied by `factor`.
    #[must_use]
    pub fn times(self, factor: f64) -> Self {
        Self { value: factor * self.value, ..self }
    }

    /// The mean over all units of several means, weighted by their counts. `None` if there are none, or if their units differ.
    pub fn combine(means: impl IntoIterator<Item = Self>) -> Option<Self> {
        let mut means = means.into_iter();
        let first = means.next()?;
        let (mut sum, mut count) = (first.value * first.count, first.count);
        for mean in means {
            if mean.over != first.over {
                return None;
            }
            sum += mean.value * mean.count;
            count += mean.count;
        }
        // A part without units, such as a row without trained tokens, has no influence.
        Some(Self { value: if count > 0.0 { sum / count } else { 0.0 }, count, ..first })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn combined_means_are_weighted_by_their_counts() {
        let all = Mean::combine([Mean::over_pairs(1.0, 3), Mean::over_pairs(5.0, 1)]);
        assert_eq!(all, Some(Mean { value: 2.0, over: Over::Pairs, count: 4.0 }));
        assert_eq!(Mean::combine([Mean::over_pairs(1.0, 3), Mean::over_rows(5.0, 1)]), None);
        assert_eq!(Mean::combine([]), None);
        assert_eq!(Mean::over_tokens(2.0, 3.0).times(0.5), Mean::over_tokens(1.0, 3.0));
    }
}
