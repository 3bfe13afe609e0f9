//! What several measures ask of their input.

use crate::{Error, Result};

/// Refuses values that are not finite.
pub(crate) fn all_finite(what: &'static str, values: impl IntoIterator<Item = f64>) -> Result<()> {
    match values.into_iter().enumerate().find(|(_, value)| !value.is_finite()) {
        Some((at, value)) => Err(Error::Value { what, row: at + 1, value, expected: "a finite number" }),
        None => Ok(()),
    }
}

/// Refuses a list that is not as long as the one that it belongs to.
pub(crate) fn same_count(what: &'static str, of: &'static str, expected: usize, found: usize) -> Result<()> {
    if expected == found { Ok(()) } else { Err(Error::Count { what, of, expected, found }) }
}
