use super::mismatch::Mismatch;
use align_base::{printable, printable_path};
use std::io;
use std::path::{Path, PathBuf};

/// A checkpoint cannot be read or written, or does not match its config.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// The path is not a folder.
    #[error("{}: {reason}; give the folder that contains config.json and the weights", printable_path(path))]
    NotAFolder {
        /// The path.
        path: PathBuf,
        /// The problem.
        reason: String,
    },
    /// The folder contains no file with weights under any name that transformers uses.
    #[error("{}: no weights found; looked for {looked_for}; the folder contains {found}", printable_path(path))]
    NoWeights {
        /// The folder.
        path: PathBuf,
        /// The file names tried, in order.
        looked_for: String,
        /// The files in the folder.
        found: String,
    },
    /// An I/O error.
    #[error("{}: {source}", printable_path(path))]
    Io {
        /// The file.
        path: PathBuf,
        /// The error.
        source: io::Error,
    },
    /// A file is damaged or has an unexpected format.
    #[error("{}: {}", printable_path(path), printable(reason))]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it and what to do.
        reason: String,
    },
    /// A pickle contains something other than tensors. None of its code was executed.
    #[error(
        "{}: rejected: {reason}; a checkpoint needs only tensors, and no code in the file was executed (if you trust it, load \
         it in Python and save its state_dict() as model.safetensors)",
        printable_path(path)
    )]
    Unsafe {
        /// The file.
        path: PathBuf,
        /// What it contains.
        reason: String,
    },
    /// The names or shapes of tensors do not match the config.
    #[error("{}: the weights do not match config.json:{mismatch}", printable_path(path))]
    Mismatch {
        /// The file with the weights (or index).
        path: PathBuf,
        /// All mismatches.
        mismatch: Mismatch,
    },
    /// The checkpoint does not contain a requested tensor.
    #[error("{}: no tensor named `{name}`; Checkpoint::entries lists all tensors", printable_path(path))]
    NoTensor {
        /// The file with the weights (or index).
        path: PathBuf,
        /// The requested name.
        name: String,
    },
    /// A tensor cannot be saved as safetensors.
    #[error("cannot save `{name}`: {reason}")]
    Unsavable {
        /// The name of the tensor.
        name: String,
        /// The reason.
        reason: String,
    },
    /// The file to write exists, and `overwrite` is false.
    #[error("{} exists already; choose another folder or allow it to be overwritten", printable_path(path))]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// A GGUF file cannot be read or written.
    #[error(transparent)]
    Gguf(#[from] align_gguf::GgufError),
    /// An operation failed in LibTorch.
    #[error("LibTorch: {0}")]
    Torch(#[from] tch::TchError),
}

pub(super) type Result<T> = std::result::Result<T, CheckpointError>;

pub(super) fn io(path: &Path) -> impl FnOnce(io::Error) -> CheckpointError + '_ {
    move |source| CheckpointError::Io { path: path.to_path_buf(), source }
}

pub(super) fn malformed(path: &Path, reason: impl Into<String>) -> CheckpointError {
    CheckpointError::Malformed { path: path.to_path_buf(), reason: reason.into() }
}
