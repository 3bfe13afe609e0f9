//! Numbers with their nouns.

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
    let noun = plural(&number, noun);
    format!("{number} {noun}")
}

/// A noun in the form for a number.
///
/// ```
/// assert_eq!(align_base::plural(&1, "row"), "row");
/// assert_eq!(align_base::plural(&1_000_000, "row"), "rows");
/// assert_eq!(align_base::plural(&2, "process"), "processes");
/// ```
#[must_use]
pub fn plural<N: PartialEq + From<u8>>(number: &N, noun: &str) -> String {
    let ending = if noun.ends_with('s') { "es" } else { "s" };
    format!("{noun}{}", if *number == N::from(1) { "" } else { ending })
}
