//! Input checks that several metrics share.

use crate::{Error, Result};

/// Fails if a value is not finite.
pub(crate) fn check_all_finite(what: &'static str, values: impl IntoIterator<Item = f64>) -> Result<()> {
    match values.into_iter().enumerate().find(|(_, value)| !value.is_finite()) {
        Some((at, value)) => Err(Error::Value { what, row: at + 1, value, expected: "a finite number" }),
        None => Ok(()),
    }
}

/// Fails if a list does not have the expected length.
pub(crate) fn check_same_length(what: &'static str, of: &'static str, expected: usize, found: usize) -> Result<()> {
    if expected == found { Ok(()) } else { Err(Error::Count { what, of, expected, found }) }
}
