/// What can go wrong in this crate.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Nothing to compute from.
    #[error("there are no {0}: nothing to compute from")]
    Empty(&'static str),
    /// A value that is not finite.
    #[error("row {row}: the score is {value}, expected a finite number: score the text again or leave the row out")]
    NotFinite {
        /// The row, from one.
        row: usize,
        /// Its value.
        value: f64,
    },
    /// Not as many scores as texts.
    #[error("expected a score for each of the {texts} texts, found {scores}")]
    Lengths {
        /// Number of texts.
        texts: usize,
        /// Number of scores.
        scores: usize,
    },
    /// An option outside its range.
    #[error("{option}: expected {expected}, found {found}")]
    Option {
        /// The option.
        option: &'static str,
        /// Its range.
        expected: String,
        /// Its value.
        found: String,
    },
}

/// The result of a fallible function of this crate.
pub type Result<T> = std::result::Result<T, Error>;
