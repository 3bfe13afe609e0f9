use super::mismatch::Mismatch;
use align_base::{printable, printable_path};
use std::io;
use std::path::{Path, PathBuf};

/// A checkpoint that cannot be read, written, or made to fit its config.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// The path is no folder.
    #[error("{}: {reason}; give the folder that holds config.json and the weights", printable_path(path))]
    NotAFolder {
        /// What was given.
        path: PathBuf,
        /// Why it will not do.
        reason: String,
    },
    /// The folder holds no weights under any name that transformers uses.
    #[error("{}: no weights here; looked for {looked_for}; the folder holds {found}", printable_path(path))]
    NoWeights {
        /// The folder.
        path: PathBuf,
        /// The file names tried, in order.
        looked_for: String,
        /// What the folder holds instead.
        found: String,
    },
    /// The operating system refused to read or write a file.
    #[error("{}: {source}", printable_path(path))]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// A file that is damaged, or is not what its name says.
    #[error("{}: {}", printable_path(path), printable(reason))]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it and what to do.
        reason: String,
    },
    /// A pickle that asks for something other than tensors. Nothing of it was run.
    #[error(
        "{}: refused: {reason}; a checkpoint needs tensors only, and nothing of the file was run (if you trust it, load \
         it in Python and save its state_dict() as model.safetensors)",
        printable_path(path)
    )]
    Unsafe {
        /// The file.
        path: PathBuf,
        /// What it asks for.
        reason: String,
    },
    /// Tensors whose names or shapes are not those that the config asks for.
    #[error("{}: the weights do not fit config.json:{mismatch}", printable_path(path))]
    Mismatch {
        /// The weights' file (or index).
        path: PathBuf,
        /// Everything that does not fit.
        mismatch: Mismatch,
    },
    /// A tensor was asked for that the checkpoint does not hold.
    #[error("{}: no tensor named `{name}`; Checkpoint::entries lists those there are", printable_path(path))]
    NoTensor {
        /// The weights' file (or index).
        path: PathBuf,
        /// The name asked for.
        name: String,
    },
    /// A tensor that safetensors cannot hold.
    #[error("cannot save `{name}`: {reason}")]
    Unsavable {
        /// The tensor's name.
        name: String,
        /// Why it cannot be saved.
        reason: String,
    },
    /// The file to write exists, and overwriting was not asked for.
    #[error("{} exists already; choose another folder or ask for it to be overwritten", printable_path(path))]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// LibTorch refused an operation.
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
