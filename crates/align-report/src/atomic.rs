//! Files appear whole or not at all.

use crate::{Error, Result};
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::Path;

/// Writes a file through a temporary one in the same folder, which is made if it is not there.
///
/// # Errors
/// When the file exists and `overwrite` is false, or when the system refuses.
pub(crate) fn write_file(path: &Path, bytes: &[u8], overwrite: bool) -> Result<()> {
    if !overwrite && path.exists() {
        return Err(Error::Exists { path: path.to_owned() });
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(|e| Error::write(path, e))?;
    let mut temporary = builder().tempfile_in(folder).map_err(|e| Error::write(path, e))?;
    temporary.write_all(bytes).map_err(|e| Error::write(path, e))?;
    temporary.as_file().sync_all().map_err(|e| Error::write(path, e))?;
    let persisted = if overwrite { temporary.persist(path) } else { temporary.persist_noclobber(path) };
    persisted.map_err(|e| match e.error.kind() {
        ErrorKind::AlreadyExists => Error::Exists { path: path.to_owned() },
        _ => Error::write(path, e.error),
    })?;
    // The rename itself lasts only once the folder is on disk; not every system lets a folder be synced.
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
    Ok(())
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
