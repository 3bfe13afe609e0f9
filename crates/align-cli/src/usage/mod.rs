//! Wrong options and commands: from what was typed to what to type instead.

mod explain;
mod other_names;
mod underscores;

pub use explain::explain;
pub use other_names::{Pointer, option_of, pointer};
pub use underscores::use_dashes;

/// A command line or a config file that is wrong. The program ends with the exit code for invalid options.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct UsageError(String);

impl UsageError {
    /// An error with a message of one sentence, which says what to do.
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}
