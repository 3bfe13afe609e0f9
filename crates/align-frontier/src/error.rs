use align_base::{printable, printable_path};
use std::path::PathBuf;

/// What can go wrong in this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An option that cannot be honoured.
    #[error("{option}: {problem}")]
    Option {
        /// The option.
        option: &'static str,
        /// What is wrong with it, and what to do.
        problem: String,
    },
    /// The folder of a sweep with other options.
    #[error(
        "{} holds another sweep: {}. Give that sweep's options (OMP_NUM_THREADS sets the threads) to go on with it, or choose another folder",
        printable_path(folder),
        printable(&differences.join("; "))
    )]
    OtherSweep {
        /// The folder.
        folder: PathBuf,
        /// Which options differ, and how.
        differences: Vec<String>,
    },
    /// A folder that is not that of a sweep, or belongs to another process.
    #[error("{}: {problem}", printable_path(folder))]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What is wrong with it, and what to do.
        problem: String,
    },
    /// A file that cannot be read or written.
    #[error("{}: {}", printable_path(path), printable(problem))]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, and what to do.
        problem: String,
    },
    /// Texts that cannot be scored.
    #[error("the reward model: {0}")]
    Score(String),
    /// A point of the sweep that failed.
    #[error("{point}: {problem}")]
    Point {
        /// The point, in words.
        point: String,
        /// What went wrong.
        #[source]
        problem: Box<Error>,
    },
    /// From pairing or the tokeniser.
    #[error(transparent)]
    Data(#[from] align_data::Error),
    /// From generation.
    #[error(transparent)]
    Inference(#[from] align_inference::Error),
    /// From the measures.
    #[error(transparent)]
    Metrics(#[from] align_metrics::Error),
    /// From the models.
    #[error(transparent)]
    Model(#[from] align_models::Error),
    /// From the figures or the report.
    #[error(transparent)]
    Report(#[from] align_report::Error),
    /// From training.
    #[error(transparent)]
    Train(#[from] align_train::Error),
    /// From LibTorch.
    #[error(transparent)]
    Torch(#[from] tch::TchError),
}

/// The result of a fallible function of this crate.
pub type Result<T> = std::result::Result<T, Error>;

pub(crate) fn refusal(option: &'static str, problem: impl Into<String>) -> Error {
    Error::Option { option, problem: problem.into() }
}
