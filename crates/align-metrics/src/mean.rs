use crate::sum::Sum;
use crate::{Error, Result};

/// The arithmetic mean, such as the mean reward of scored texts.
///
/// ```
/// assert_eq!(align_metrics::mean(&[1.0, 2.0, 6.0])?, 3.0);
/// # Ok::<(), align_metrics::Error>(())
/// ```
///
/// # Errors
/// No values, or one that is not finite (rows count from one).
pub fn mean(values: &[f64]) -> Result<f64> {
    finite(values)?;
    Ok(Sum::of(values.iter().copied()) / values.len() as f64)
}

/// Refuses no values, and values that are not finite.
pub(crate) fn finite(values: &[f64]) -> Result<()> {
    if values.is_empty() {
        return Err(Error::Empty("scores"));
    }
    match values.iter().position(|x| !x.is_finite()) {
        Some(at) => Err(Error::NotFinite { row: at + 1, value: values.get(at).copied().unwrap_or(f64::NAN) }),
        None => Ok(()),
    }
}
