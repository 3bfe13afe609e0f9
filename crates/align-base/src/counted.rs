//! A number with its noun.

use std::fmt::Display;

/// A number with a noun, which gets an `s` unless the number is 1.
///
/// ```
/// use align_base::counted;
///
/// assert_eq!(counted(1, "step"), "1 step");
/// assert_eq!(counted(0, "row"), "0 rows");
/// assert_eq!(counted(12u64, "training row"), "12 training rows");
/// ```
#[must_use]
pub fn counted<N: Display + PartialEq + From<u8>>(number: N, noun: &str) -> String {
    let plural = if number == N::from(1) { "" } else { "s" };
    format!("{number} {noun}{plural}")
}
