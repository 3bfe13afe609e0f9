use crate::Check;
use align_base::printable;

/// An error of an audit.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A name that is not one of a check.
    #[error("{:?} is not a finding; expected one of {}", printable(name), names())]
    UnknownCheck {
        /// The name.
        name: String,
    },
    /// An invalid threshold.
    #[error("{check}={}: expected a share between 0 and 1, such as 0.01 or 1%", printable(found))]
    Threshold {
        /// The check.
        check: Check,
        /// The threshold.
        found: String,
    },
    /// A threshold of a check that did not run.
    #[error("{check} was not checked: {why}")]
    NotChecked {
        /// The check.
        check: Check,
        /// Why it did not run.
        why: String,
    },
    /// A temporary file that cannot be written or read.
    #[error("temporary file in {}: {problem}", std::env::temp_dir().display())]
    TemporaryFile {
        /// What is wrong.
        #[source]
        problem: std::io::Error,
    },
    /// More rows than an audit counts.
    #[error("more than {} rows: audit the files in parts", u32::MAX)]
    TooManyRows,
    /// The tables of names cannot be built.
    #[error("special tokens: {0}")]
    SpecialTokens(String),
}

fn names() -> String {
    Check::ALL.iter().map(|check| check.name()).collect::<Vec<_>>().join(", ")
}

/// The result of a fallible function of this crate.
pub type Result<T> = std::result::Result<T, Error>;
