use align_base::files::JournalError;
use align_base::{printable, printable_path};
use std::path::PathBuf;

/// Errors of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A score that a classifier does not have.
    #[error("{}: {problem}", printable_path(folder))]
    Score {
        /// The folder of the classifier.
        folder: PathBuf,
        /// What is wrong, and what to do.
        #[source]
        problem: Box<align_models::Error>,
    },
    /// Texts that a classifier could not score.
    #[error("{}: {problem}", printable_path(folder))]
    RewardModel {
        /// The folder of the classifier.
        folder: PathBuf,
        /// What went wrong.
        #[source]
        problem: Box<align_models::Error>,
    },
    /// A model's identity that cannot be written as JSON.
    #[error("the model's identity cannot be recorded: {0}")]
    Identity(String),
    /// A record of generation that cannot be read or written.
    #[error("{}: {}", printable_path(path), printable(problem))]
    GenerationRecord {
        /// The record.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// A record of generation that exists already and was not to be overwritten.
    #[error("{}: exists already; choose another name for the table or allow overwriting", printable_path(path))]
    RecordExists {
        /// The record.
        path: PathBuf,
    },
    /// An argument that a function does not take.
    #[error("{0}")]
    Input(String),
    /// An error of the log-probabilities.
    #[error(transparent)]
    Loss(#[from] align_losses::Error),
    /// A tensor operation that failed.
    #[error(transparent)]
    Torch(#[from] tch::TchError),
    /// An error of the tokeniser.
    #[error(transparent)]
    Data(#[from] align_data::Error),
    /// An error of the journal of a long job.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// Another process failed, ended, or does not answer.
    #[error(transparent)]
    Distributed(#[from] align_distributed::Error),
    /// Processes that do not agree on their common work.
    #[error("the processes differ: {0}")]
    Disagreement(String),
    /// An error of the model.
    #[error(transparent)]
    Model(#[from] align_models::Error),
}

/// The result of a fallible function of this crate.
pub type Result<T> = std::result::Result<T, Error>;
