use super::temporary::{self, TemporaryFolder};
use super::{folder_of, sync_folder};
use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

/// Writes the folder `path` atomically: `fill` writes into a temporary folder, which is then renamed.
///
/// `path` must not exist or must be an empty folder. `fill` must sync the files that it writes.
///
/// # Errors
/// The error of `fill`, and I/O errors, which `fail` converts.
pub fn write_folder<E>(
    path: &Path,
    fail: impl Fn(io::Error) -> E,
    fill: impl FnOnce(&Path) -> Result<(), E>,
) -> Result<(), E> {
    let scratch = filled(path, &fail, fill)?;
    fs::rename(scratch.dir.path(), path).map_err(&fail)?;
    // The temporary folder was renamed, so there is nothing left to remove.
    let _ = scratch.dir.keep();
    sync_folder(folder_of(path)).map_err(&fail)
}

/// Like [`write_folder`], but replaces an existing folder with all of its contents.
///
/// At any time `path` is the complete old folder or the complete new one. On a system that cannot exchange two folders, `path` is
/// missing for a moment.
///
/// # Errors
/// The errors of [`write_folder`]; `path` is a file or a link.
pub fn replace_folder<E>(
    path: &Path,
    fail: impl Fn(io::Error) -> E,
    fill: impl FnOnce(&Path) -> Result<(), E>,
) -> Result<(), E> {
    match fs::symlink_metadata(path) {
        Ok(found) if !found.is_dir() => {
            let what = if found.is_symlink() { "is a link, not a folder" } else { "is not a folder" };
            return Err(fail(io::Error::new(ErrorKind::NotADirectory, what)));
        }
        Ok(_) => {}
        Err(_) => return write_folder(path, fail, fill),
    }
    let scratch = filled(path, &fail, fill)?;
    if exchange(scratch.dir.path(), path).map_err(&fail)? {
        sync_folder(folder_of(path)).map_err(&fail)?;
        // The old folder now has the temporary name.
        return scratch.dir.close().map_err(&fail);
    }
    remove_folder(path).and_then(|()| fs::rename(scratch.dir.path(), path)).map_err(&fail)?;
    let _ = scratch.dir.keep();
    sync_folder(folder_of(path)).map_err(&fail)
}

/// Creates a temporary folder next to `path` and fills it.
fn filled<E>(
    path: &Path,
    fail: &impl Fn(io::Error) -> E,
    fill: impl FnOnce(&Path) -> Result<(), E>,
) -> Result<TemporaryFolder, E> {
    fs::create_dir_all(folder_of(path)).map_err(fail)?;
    temporary::remove_leftovers_of(path);
    let scratch = temporary::create_folder(path).map_err(fail)?;
    fill(scratch.dir.path())?;
    // The file names must be on disk before the folder gets its final name.
    sync_folder(scratch.dir.path()).map_err(fail)?;
    Ok(scratch)
}

/// Exchanges the names of two folders in one step. Returns false if the system does not support this.
fn exchange(one: &Path, other: &Path) -> io::Result<bool> {
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        use rustix::io::Errno;
        match renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE) {
            Ok(()) => Ok(true),
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => Ok(false),
            Err(e) => Err(e.into()),
        }
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = (one, other);
        Ok(false)
    }
}

/// Removes a folder. It is renamed first, so that a partly removed folder is never taken for a complete one.
///
/// # Errors
/// I/O errors.
pub fn remove_folder(path: &Path) -> io::Result<()> {
    let away = temporary::create_folder(path)?;
    // A rename replaces an empty folder.
    fs::rename(path, away.dir.path())?;
    sync_folder(folder_of(path))?;
    away.dir.close()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::files::{remove_unfinished, write_file};

    #[test]
    fn incomplete_folders_never_have_the_final_name_and_are_removed() {
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

    #[test]
    fn a_folder_is_replaced_completely_or_not_at_all() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        let put = |name: &'static str| move |scratch: &Path| fs::write(scratch.join(name), name);
        replace_folder(&path, |e| e, put("one")).unwrap();
        let failed = replace_folder(&path, |e| e, |_| Err(io::Error::other("stop")));
        assert_eq!(failed.unwrap_err().to_string(), "stop");
        assert!(path.join("one").exists());
        replace_folder(&path, |e| e, put("two")).unwrap();
        assert_eq!((path.join("one").exists(), fs::read(path.join("two")).unwrap()), (false, b"two".to_vec()));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);

        let file = dir.path().join("file");
        fs::write(&file, "mine").unwrap();
        let refused = replace_folder(&file, |e| e, put("two")).unwrap_err();
        assert_eq!((refused.kind(), fs::read(&file).unwrap()), (ErrorKind::NotADirectory, b"mine".to_vec()));
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_has_the_permissions_of_an_ordinary_folder() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let (ours, plain) = (dir.path().join("ours"), dir.path().join("plain"));
        write_folder(&ours, |e| e, |_| Ok(())).unwrap();
        fs::create_dir(&plain).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&ours), mode(&plain));
    }
}
