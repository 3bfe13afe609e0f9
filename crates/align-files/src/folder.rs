use crate::{UNFINISHED, builder, folder_of, sync_folder};
use std::fs;
use std::io;
use std::path::Path;

/// Makes the folder `path`, which must not be there, with what `fill` writes into the empty one that it is given; files must
/// be synced by who writes them.
///
/// # Errors
/// When `fill` fails, or, through `fail`, when the system refuses.
pub fn write_folder<E>(
    path: &Path,
    fail: impl Fn(io::Error) -> E,
    fill: impl FnOnce(&Path) -> Result<(), E>,
) -> Result<(), E> {
    let parent = folder_of(path);
    fs::create_dir_all(parent).map_err(&fail)?;
    let scratch = builder(0o777).tempdir_in(parent).map_err(&fail)?;
    fill(scratch.path())?;
    // The files' names must be on disk before the folder has its own.
    sync_folder(scratch.path()).and_then(|()| fs::rename(scratch.path(), path)).map_err(&fail)?;
    // The rename moved the scratch folder away: there is nothing left to remove.
    let _ = scratch.keep();
    sync_folder(parent).map_err(&fail)
}

/// Removes a folder: it loses its name first, so that half of it never passes for the whole.
///
/// # Errors
/// When the system refuses.
pub fn remove_folder(path: &Path) -> io::Result<()> {
    let parent = folder_of(path);
    let away = builder(0o777).tempdir_in(parent)?;
    // A rename replaces an empty folder.
    fs::rename(path, away.path())?;
    sync_folder(parent)?;
    away.close()
}

/// Removes what killed processes left unfinished in `folder`, which nobody else may be writing: hold its lock.
///
/// # Errors
/// When the system refuses.
pub fn remove_unfinished(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
            let path = entry.path();
            if entry.file_type()?.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::write_file;

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

    /// Whatever the umask of the tests is.
    #[cfg(unix)]
    #[test]
    fn a_folder_may_be_entered_by_whoever_may_enter_any_other() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let (ours, plain) = (dir.path().join("ours"), dir.path().join("plain"));
        write_folder(&ours, |e| e, |_| Ok(())).unwrap();
        fs::create_dir(&plain).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&ours), mode(&plain));
    }
}
