use align_base::{printable, printable_path};
use std::path::PathBuf;

/// Errors of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An invalid option.
    #[error("{option}: {problem}")]
    Option {
        /// The option.
        option: &'static str,
        /// The problem and the remedy.
        problem: String,
    },
    /// The folder belongs to a sweep with other options.
    #[error(
        "{} contains another sweep: {}. Use that sweep's options to continue it (OMP_NUM_THREADS sets the threads), or choose another folder",
        printable_path(folder),
        printable(&differences.join("; "))
    )]
    OtherSweep {
        /// The folder.
        folder: PathBuf,
        /// The options that differ, with both values.
        differences: Vec<String>,
    },
    /// The folder is not a sweep's, or another process is using it.
    #[error("{}: {problem}", printable_path(folder))]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// The problem and the remedy.
        problem: String,
    },
    /// A file that cannot be read or written.
    #[error("{}: {}", printable_path(path), printable(problem))]
    File {
        /// The file.
        path: PathBuf,
        /// The problem and the remedy.
        problem: String,
    },
    /// The reward model failed.
    #[error("the reward model: {0}")]
    Score(String),
    /// A point of the sweep failed.
    #[error("{point}: {problem}")]
    Point {
        /// The point's loss and beta.
        point: String,
        /// The underlying error.
        #[source]
        problem: Box<Error>,
    },
    /// Another process failed, ended, or does not answer.
    #[error(transparent)]
    Distributed(#[from] align_distributed::Error),
    /// A model cannot be loaded.
    #[error(transparent)]
    Load(Box<dyn std::error::Error + Send + Sync>),
    /// Two models cannot be compared.
    #[error("{first} and {second}: {problem}")]
    Pair {
        /// The name of the first model.
        first: String,
        /// The name of the second model.
        second: String,
        /// The underlying error.
        #[source]
        problem: Box<Error>,
    },
    /// An error of pairing or the tokeniser.
    #[error(transparent)]
    Data(#[from] align_data::Error),
    /// An error of generation.
    #[error(transparent)]
    Inference(Box<align_inference::Error>),
    /// An error of the metrics.
    #[error(transparent)]
    Metrics(#[from] align_metrics::Error),
    /// An error of a model.
    #[error(transparent)]
    Model(Box<align_models::Error>),
    /// An error of the figures or the report.
    #[error(transparent)]
    Report(#[from] align_report::Error),
    /// An error of training.
    #[error(transparent)]
    Train(Box<align_train::Error>),
    /// An error of LibTorch.
    #[error(transparent)]
    Torch(#[from] tch::TchError),
}

impl From<align_inference::Error> for Error {
    fn from(error: align_inference::Error) -> Self {
        Self::Inference(Box::new(error))
    }
}

impl From<align_models::Error> for Error {
    fn from(error: align_models::Error) -> Self {
        Self::Model(Box::new(error))
    }
}

impl From<align_train::Error> for Error {
    fn from(error: align_train::Error) -> Self {
        Self::Train(Box::new(error))
    }
}

/// The result of a fallible function of this crate.
pub type Result<T> = std::result::Result<T, Error>;

pub(crate) fn option_error(option: &'static str, problem: impl Into<String>) -> Error {
    Error::Option { option, problem: problem.into() }
}
