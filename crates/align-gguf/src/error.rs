use align_base::{printable, printable_path};
use std::io;
use std::path::{Path, PathBuf};

/// A GGUF file cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GgufError {
    /// An I/O error.
    #[error("{}: {source}", printable_path(path))]
    Io {
        /// The file.
        path: PathBuf,
        /// The error.
        source: io::Error,
    },
    /// A file is damaged, or it has a part that is not supported.
    #[error("{}: {}", printable_path(path), printable(reason))]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it and what to do.
        reason: String,
    },
    /// A field of the metadata has another type or value than expected.
    #[error("{}: {}", printable(key), printable(reason))]
    Field {
        /// The key of the field.
        key: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A file that is written does not get the values that its tensors need.
    #[error("cannot write the tensor {}: {reason}", printable(name))]
    Unwritable {
        /// The name of the tensor.
        name: String,
        /// The reason.
        reason: String,
    },
    /// Writing failed.
    #[error(transparent)]
    Write(#[from] io::Error),
}

/// The result of a fallible function of this crate.
pub type Result<T, E = GgufError> = std::result::Result<T, E>;

pub(crate) fn io_error(path: &Path) -> impl FnOnce(io::Error) -> GgufError + '_ {
    move |source| GgufError::Io { path: path.to_path_buf(), source }
}

pub(crate) fn malformed(path: &Path, reason: impl Into<String>) -> GgufError {
    GgufError::Malformed { path: path.to_path_buf(), reason: reason.into() }
}
