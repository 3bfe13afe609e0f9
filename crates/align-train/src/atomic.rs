//! Files and folders that appear whole or not at all, and go the same way.
//!
//! What is being written or removed stands beside its place under a name that begins with [`UNFINISHED`]; a killed process
//! leaves such names behind, and the next one that holds the folder removes them.

use std::fs::{self, File, Permissions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// How names of what is not whole begin.
const UNFINISHED: &str = ".unfinished-";

/// Writes a file, with `overwrite` in place of one that may stand there.
pub(crate) fn write_file(
    path: &Path,
    overwrite: bool,
    fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let folder = folder_of(path);
    // Readable as any file of the user's; the default of temporary files is for the owner alone.
    let mut file =
        tempfile::Builder::new().prefix(UNFINISHED).permissions(Permissions::from_mode(0o666)).tempfile_in(folder)?;
    let mut writer = BufWriter::new(file.as_file_mut());
    fill(&mut writer)?;
    writer.flush()?;
    drop(writer);
    file.as_file().sync_all()?;
    if overwrite { file.persist(path) } else { file.persist_noclobber(path) }?;
    sync_folder(folder)
}

/// Makes the folder `path`, which must not be there, with what `fill` writes into it. Files must be synced by who writes them.
pub(crate) fn write_folder<E>(
    path: &Path,
    fail: impl Fn(io::Error) -> E,
    fill: impl FnOnce(&Path) -> Result<(), E>,
) -> Result<(), E> {
    let parent = folder_of(path);
    fs::create_dir_all(parent).map_err(&fail)?;
    let scratch = tempfile::Builder::new()
        .prefix(UNFINISHED)
        .permissions(Permissions::from_mode(0o777))
        .tempdir_in(parent)
        .map_err(&fail)?;
    fill(scratch.path())?;
    // The files' names must be on disk before the folder has its own.
    sync_folder(scratch.path()).and_then(|()| fs::rename(scratch.path(), path)).map_err(&fail)?;
    // The rename moved the scratch folder away: there is nothing left to remove.
    let _ = scratch.keep();
    sync_folder(parent).map_err(&fail)
}

/// Removes a folder: it loses its name first, so that half of it never passes for the whole.
pub(crate) fn remove_folder(path: &Path) -> io::Result<()> {
    let parent = folder_of(path);
    let away = tempfile::Builder::new().prefix(UNFINISHED).tempdir_in(parent)?;
    // A rename replaces an empty folder.
    fs::rename(path, away.path())?;
    sync_folder(parent)?;
    away.close()
}

/// Removes what a killed process left unfinished in `folder`.
pub(crate) fn remove_unfinished(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
            let path = entry.path();
            if entry.file_type()?.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }?;
        }
    }
    Ok(())
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_is_not_whole_has_no_name_of_its_own_and_goes() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path();
        let failed = write_folder(
            &dir.join("a"),
            |e| e,
            |scratch| {
                fs::write(scratch.join("half"), "x")?;
                assert!(!dir.join("a").exists());
                Err(io::Error::other("stop"))
            },
        );
        assert_eq!(failed.unwrap_err().to_string(), "stop");
        assert_eq!(fs::read_dir(dir).unwrap().count(), 0);

        write_folder(&dir.join("a"), |e| e, |scratch| fs::write(scratch.join("file"), "x")).unwrap();
        write_file(&dir.join("b"), false, |file| file.write_all(b"y")).unwrap();
        fs::create_dir(dir.join(".unfinished-c")).unwrap();
        fs::write(dir.join(".unfinished-c/file"), "x").unwrap();
        fs::write(dir.join(".unfinished-d"), "x").unwrap();
        fs::write(dir.join(".mine"), "x").unwrap();
        remove_unfinished(dir).unwrap();
        let names = || {
            let mut names: Vec<_> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name()).collect();
            names.sort();
            names
        };
        assert_eq!(names(), [".mine", "a", "b"]);
        assert_eq!(fs::read(dir.join("a/file")).unwrap(), b"x");
        remove_folder(&dir.join("a")).unwrap();
        assert_eq!(names(), [".mine", "b"]);
    }
}
