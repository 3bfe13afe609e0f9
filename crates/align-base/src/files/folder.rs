use super::unfinished::{self, Scratch};
use super::{folder_of, sync_folder};
use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

/// Makes the folder `path`, which must not be there unless it is empty, with what `fill` writes into the empty one that it is
/// given; files must be synced by who writes them.
///
/// # Errors
/// When `fill` fails, or, through `fail`, when the system refuses.
pub fn write_folder<E>(
    path: &Path,
    fail: impl Fn(io::Error) -> E,
    fill: impl FnOnce(&Path) -> Result<(), E>,
) -> Result<(), E> {
    let scratch = filled(path, &fail, fill)?;
    fs::rename(scratch.dir.path(), path).map_err(&fail)?;
    // The rename moved the scratch folder away: there is nothing left to remove.
    let _ = scratch.dir.keep();
    sync_folder(folder_of(path)).map_err(&fail)
}

/// The same in place of a folder that may stand there, with all that is in it: at each moment the old one or the new one has the
/// name, whole. A system that cannot exchange two folders has neither for a moment.
///
/// # Errors
/// As [`write_folder`], and when a file or a link stands there.
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
        // The old one has the scratch folder's name now.
        return scratch.dir.close().map_err(&fail);
    }
    remove_folder(path).and_then(|()| fs::rename(scratch.dir.path(), path)).map_err(&fail)?;
    let _ = scratch.dir.keep();
    sync_folder(folder_of(path)).map_err(&fail)
}

/// A filled folder beside `path`.
fn filled<E>(
    path: &Path,
    fail: &impl Fn(io::Error) -> E,
    fill: impl FnOnce(&Path) -> Result<(), E>,
) -> Result<Scratch, E> {
    fs::create_dir_all(folder_of(path)).map_err(fail)?;
    unfinished::remove_leftovers_of(path);
    let scratch = unfinished::folder(path).map_err(fail)?;
    fill(scratch.dir.path())?;
    // The files' names must be on disk before the folder has its own.
    sync_folder(scratch.dir.path()).map_err(fail)?;
    Ok(scratch)
}

/// Gives each of two folders the other's name in one step; false where the system cannot.
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

/// Removes a folder: it loses its name first, so that half of it never passes for the whole.
///
/// # Errors
/// When the system refuses.
pub fn remove_folder(path: &Path) -> io::Result<()> {
    let away = unfinished::folder(path)?;
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

    #[test]
    fn a_folder_is_replaced_as_a_whole_or_stays() {
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
