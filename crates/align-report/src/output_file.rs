//! Writes files atomically and creates missing folders.

use crate::{Error, Result};
use std::io::ErrorKind;
use std::path::Path;

/// Writes a file atomically. Its folder is created if necessary.
///
/// # Errors
/// When the file exists and `overwrite` is false, or it cannot be written.
pub(crate) fn write_file(path: &Path, bytes: &[u8], overwrite: bool) -> Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|e| Error::write(path, e))?;
    }
    align_base::files::write_file(path, overwrite, |file| file.write_all(bytes)).map_err(|e| match e.kind() {
        ErrorKind::AlreadyExists => Error::Exists { path: path.to_owned() },
        _ => Error::write(path, e),
    })
}
