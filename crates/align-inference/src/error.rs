use align_base::files::JournalError;
use align_base::printable_path;
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
    /// An error of the tokeniser.
    #[error(transparent)]
    Data(#[from] align_data::Error),
    /// An error of the journal of a long job.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// An error of the model.
    #[error(transparent)]
    Model(#[from] align_models::Error),
}

/// The result of a fallible function of this crate.
pub type Result<T> = std::result::Result<T, Error>;
