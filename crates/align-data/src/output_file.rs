//! Writes files atomically and creates missing folders.

use crate::{Error, Result};
use align_base::files::UnfinishedFile;
use std::io::{Error as IoError, ErrorKind};
use std::path::Path;

/// Writes a file atomically. Its folder is created if necessary.
///
/// # Errors
/// When the file exists and `overwrite` is false, `fill` fails, or the file cannot be written.
pub(crate) fn write_file(
    path: &Path,
    overwrite: bool,
    fill: impl FnOnce(&mut UnfinishedFile<'_>) -> Result<()>,
) -> Result<()> {
    check_parent_folder(path)?;
    std::fs::create_dir_all(folder_of(path)).map_err(|e| Error::write(path, e))?;
    let fail = |e: IoError| output_error(path, e);
    let mut file = UnfinishedFile::begin(path, overwrite).map_err(fail)?;
    fill(&mut file)?;
    file.finish().map_err(fail)
}

/// The error for an output path that cannot be written.
pub(crate) fn output_error(path: &Path, error: IoError) -> Error {
    match error.kind() {
        ErrorKind::AlreadyExists => Error::Exists { path: path.to_owned() },
        _ => Error::write(path, error),
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Checks that the nearest existing parent is a folder.
pub(crate) fn check_parent_folder(path: &Path) -> Result<()> {
    let nearest = folder_of(path).ancestors().find(|folder| folder.exists()).unwrap_or(Path::new("."));
    if nearest.is_dir() {
        return Ok(());
    }
    let problem = format!("{} is a file, not a folder", nearest.display());
    Err(Error::write(path, IoError::new(ErrorKind::NotADirectory, problem)))
}
