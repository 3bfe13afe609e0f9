use crate::compensated_sum::CompensatedSum;
use crate::{Error, Result};

/// The arithmetic mean, such as the mean reward of scored texts.
///
/// ```
/// assert_eq!(align_metrics::mean(&[1.0, 2.0, 6.0])?, 3.0);
/// # Ok::<(), align_metrics::Error>(())
/// ```
///
/// # Errors
/// There are no values, or one is not finite.
pub fn mean(values: &[f64]) -> Result<f64> {
    check_scores(values)?;
    Ok(CompensatedSum::of(values.iter().copied()) / values.len() as f64)
}

/// Fails if there are no values or one is not finite.
pub(crate) fn check_scores(values: &[f64]) -> Result<()> {
    if values.is_empty() {
        return Err(Error::Empty("scores"));
    }
    match values.iter().position(|x| !x.is_finite()) {
        Some(at) => Err(Error::NotFinite { row: at + 1, value: values.get(at).copied().unwrap_or(f64::NAN) }),
        None => Ok(()),
    }
}
