//! Files that appear whole or not at all, in folders that are made if they are not there.

use crate::{Error, Result};
use align_base::files::UnfinishedFile;
use std::io::{Error as IoError, ErrorKind};
use std::path::Path;

/// Writes a file, whose folder is made if it is not there.
///
/// # Errors
/// When the file exists and `overwrite` is false, when `fill` fails, or when the system refuses.
pub(crate) fn write_file(
    path: &Path,
    overwrite: bool,
    fill: impl FnOnce(&mut UnfinishedFile<'_>) -> Result<()>,
) -> Result<()> {
    check_folder(path)?;
    std::fs::create_dir_all(folder_of(path)).map_err(|e| Error::write(path, e))?;
    let fail = |e: IoError| place_error(path, e);
    let mut file = UnfinishedFile::begin(path, overwrite).map_err(fail)?;
    fill(&mut file)?;
    file.finish().map_err(fail)
}

/// What keeps a file from standing at `path`.
pub(crate) fn place_error(path: &Path, error: IoError) -> Error {
    match error.kind() {
        ErrorKind::AlreadyExists => Error::Exists { path: path.to_owned() },
        _ => Error::write(path, error),
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Whether the folders that a file is to stand in are folders, as far as they are there.
pub(crate) fn check_folder(path: &Path) -> Result<()> {
    let nearest = folder_of(path).ancestors().find(|folder| folder.exists()).unwrap_or(Path::new("."));
    if nearest.is_dir() {
        return Ok(());
    }
    let problem = format!("{} is a file, not a folder", nearest.display());
    Err(Error::write(path, IoError::new(ErrorKind::NotADirectory, problem)))
}
