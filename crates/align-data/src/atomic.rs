//! Files appear whole or not at all.

use crate::{Error, Result};
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;

/// Writes a file through a temporary one in the same folder, which is made if it is not there.
///
/// # Errors
/// When the file exists and `overwrite` is false, when `fill` fails, or when the system refuses.
pub(crate) fn write_file(
    path: &Path,
    overwrite: bool,
    fill: impl FnOnce(&mut BufWriter<&mut File>) -> Result<()>,
) -> Result<()> {
    let exists = || Error::Exists { path: path.to_owned() };
    if !overwrite && path.exists() {
        return Err(exists());
    }
    check_folder(path)?;
    let folder = folder_of(path);
    fs::create_dir_all(folder).map_err(|e| Error::write(path, e))?;
    let mut temporary = builder().tempfile_in(folder).map_err(|e| Error::write(path, e))?;
    let mut writer = BufWriter::new(temporary.as_file_mut());
    fill(&mut writer)?;
    writer.flush().map_err(|e| Error::write(path, e))?;
    drop(writer);
    temporary.as_file().sync_all().map_err(|e| Error::write(path, e))?;
    let persisted = if overwrite { temporary.persist(path) } else { temporary.persist_noclobber(path) };
    persisted.map_err(|e| match e.error.kind() {
        std::io::ErrorKind::AlreadyExists => exists(),
        _ => Error::write(path, e.error),
    })?;
    // The rename itself lasts only once the folder is on disk; not every system lets a folder be synced.
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
    Ok(())
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
    Err(Error::write(path, std::io::Error::new(std::io::ErrorKind::NotADirectory, problem)))
}

/// A temporary file that others may read once it has its name, as with any file that a program makes.
fn builder() -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".writing-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder
}
