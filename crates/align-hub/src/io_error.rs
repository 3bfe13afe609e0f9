//! Constructors of errors from I/O errors.

use crate::HubError;
use std::io;
use std::path::Path;

impl HubError {
    pub(crate) fn unwritable(path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::CacheUnwritable { path: path.to_owned(), source }
    }

    pub(crate) fn unreadable(path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Unreadable { path: path.to_owned(), source }
    }
}
