use align_base::{printable, printable_line, printable_path};
use std::path::PathBuf;

/// Errors of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A text that describes no reward function.
    #[error("reward {}: {}", printable_line(.spec), printable(.reason))]
    Spec {
        /// The text.
        spec: String,
        /// What is wrong and what to do.
        reason: String,
    },
    /// A file that cannot be used.
    #[error("{}: {}", printable_path(.path), printable(.reason))]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong and what to do.
        reason: String,
    },
    /// A program that does not answer as it should.
    #[error("reward {}, command {}: {}", printable_line(.name), printable_line(.command), printable(.reason))]
    Command {
        /// The name of the reward function.
        name: String,
        /// The program and its arguments.
        command: String,
        /// What is wrong and what to do.
        reason: String,
    },
    /// Rewards of a function that cannot be used.
    #[error("reward {}: {}", printable_line(.name), printable(.reason))]
    Rewards {
        /// The name of the reward function.
        name: String,
        /// What is wrong and what to do.
        reason: String,
    },
    /// Functions or weights that do not fit together.
    #[error("rewards: {0}")]
    Functions(String),
}

/// The result of a fallible function of this crate.
pub type Result<T> = std::result::Result<T, Error>;
