//! Temporary files and folders, and removal of those whose writer was killed.

use super::folder_of;
use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind};
use std::path::Path;
use tempfile::{Builder, NamedTempFile, TempDir};

/// The prefix of temporary names. It is followed by the final name, a dot, and random letters and digits.
pub const UNFINISHED_PREFIX: &str = ".unfinished-";

/// Number of random characters at the end of a temporary name.
const RANDOM_CHARACTERS: usize = 12;
/// Maximum number of bytes of the final name in a temporary name, which must stay below the limit of 255 bytes.
const MAX_NAME_BYTES: usize = 150;
/// Number of attempts if another process removes the temporary file before it is locked.
const MAX_ATTEMPTS: usize = 16;

/// A temporary folder that this process has locked.
#[derive(Debug)]
pub(crate) struct TemporaryFolder {
    pub dir: TempDir,
    _lock: File,
}

/// Creates and locks a temporary file in the folder of `path`.
pub(crate) fn create_file(path: &Path) -> io::Result<NamedTempFile> {
    create_locked(path, |prefix, folder| {
        let file = builder(prefix, 0o666).tempfile_in(folder)?;
        Ok(lock_new(file.as_file(), file.path())?.then_some(file))
    })
}

/// Creates and locks a temporary folder in the folder of `path`.
pub(crate) fn create_folder(path: &Path) -> io::Result<TemporaryFolder> {
    create_locked(path, |prefix, folder| {
        let dir = builder(prefix, 0o777).tempdir_in(folder)?;
        let lock = File::open(dir.path())?;
        Ok(lock_new(&lock, dir.path())?.then_some(TemporaryFolder { dir, _lock: lock }))
    })
}

fn create_locked<T>(path: &Path, make: impl Fn(&str, &Path) -> io::Result<Option<T>>) -> io::Result<T> {
    let (prefix, folder) = (prefix(path), folder_of(path));
    for _ in 0..MAX_ATTEMPTS {
        if let Some(made) = make(&prefix, folder)? {
            return Ok(made);
        }
    }
    Err(io::Error::other("other processes keep removing the temporary file"))
}

/// Takes the lock which shows that the writer is alive. Returns false if another process removed the file before it was locked.
fn lock_new(file: &File, path: &Path) -> io::Result<bool> {
    match file.try_lock() {
        Ok(()) => is_named(file, path),
        Err(TryLockError::WouldBlock) => Ok(false),
        // Without locks no process removes temporary files.
        Err(TryLockError::Error(_)) => Ok(true),
    }
}

/// Whether an open file or folder still has this name.
fn is_named(file: &File, path: &Path) -> io::Result<bool> {
    let found = match fs::symlink_metadata(path) {
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(false),
        found => found?,
    };
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let open = file.metadata()?;
        Ok((open.dev(), open.ino()) == (found.dev(), found.ino()))
    }
    #[cfg(not(unix))]
    {
        let _ = (file, found);
        Ok(true)
    }
}

/// A builder with the permissions of an ordinary file: `mode` minus the umask. The default of tempfile allows only the owner.
fn builder(prefix: &str, mode: u32) -> Builder<'_, 'static> {
    let mut builder = Builder::new();
    builder.prefix(prefix).rand_bytes(RANDOM_CHARACTERS);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(mode));
    }
    #[cfg(not(unix))]
    let _ = mode;
    builder
}

fn prefix(path: &Path) -> String {
    format!("{UNFINISHED_PREFIX}{}.", short_name(path))
}

/// The part of the final name that the temporary name contains.
fn short_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let end = (0..=MAX_NAME_BYTES.min(name.len())).rev().find(|end| name.is_char_boundary(*end)).unwrap_or(0);
    name.get(..end).unwrap_or_default().to_owned()
}

/// The part of the final name in a temporary name that this crate created.
fn final_name(name: &str) -> Option<&str> {
    let (final_name, end) = name.strip_prefix(UNFINISHED_PREFIX)?.rsplit_once('.')?;
    (end.len() == RANDOM_CHARACTERS && end.bytes().all(|byte| byte.is_ascii_alphanumeric())).then_some(final_name)
}

/// Removes every file and folder in `folder` whose name begins with [`UNFINISHED_PREFIX`] and whose writer is dead. Use it only for
/// a folder that belongs to the program.
///
/// # Errors
/// I/O errors.
pub fn remove_unfinished(folder: &Path) -> io::Result<()> {
    remove_dead(folder, |name| name.starts_with(UNFINISHED_PREFIX))
}

/// Removes the temporary files and folders in `folder` that this crate created and whose writer is dead.
///
/// # Errors
/// I/O errors.
pub fn remove_leftovers(folder: &Path) -> io::Result<()> {
    remove_dead(folder, |name| final_name(name).is_some())
}

/// Removes the temporary files that dead writers of `path` left behind. An error is only logged.
pub(crate) fn remove_leftovers_of(path: &Path) {
    let short = short_name(path);
    if let Err(error) = remove_dead(folder_of(path), |name| final_name(name) == Some(short.as_str())) {
        tracing::debug!(path = %path.display(), %error, "the temporary files of a killed process cannot be removed");
    }
}

fn remove_dead(folder: &Path, wanted: impl Fn(&str) -> bool) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if wanted(&entry.file_name().to_string_lossy()) {
            match remove_if_dead(&entry.path(), entry.file_type()?) {
                // Another process has removed it.
                Err(e) if e.kind() == ErrorKind::NotFound => {}
                removed => removed?,
            }
        }
    }
    Ok(())
}

/// Removes a file or folder unless its writer is alive. Links and devices are never created here, and are kept.
fn remove_if_dead(path: &Path, kind: fs::FileType) -> io::Result<()> {
    if !kind.is_dir() && !kind.is_file() {
        return Ok(());
    }
    let file = File::open(path)?;
    // The writer holds a lock. Without locks nothing is removed.
    if file.try_lock().is_err() || !is_named(&file, path)? {
        return Ok(());
    }
    if kind.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::files::{UnfinishedFile, write_file, write_folder};

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn the_next_writer_of_a_file_removes_only_its_leftovers() {
        let dir = tempfile::tempdir().unwrap();
        let (a, b) = (dir.path().join("a"), dir.path().join("a.b"));
        let dead = [".unfinished-a.0123456789ab", ".unfinished-a.b.0123456789ab"];
        dead.iter().for_each(|name| fs::write(dir.path().join(name), "half").unwrap());
        let others = [".unfinished-a", ".unfinished-a.novel", ".unfinished-novel"];
        others.iter().for_each(|name| fs::write(dir.path().join(name), "mine").unwrap());
        let live = UnfinishedFile::begin(&a, true).unwrap();
        write_file(&a, true, |file| file.write_all(b"whole")).unwrap();
        let left = names(dir.path());
        assert_eq!(left.len(), 6, "{left:?}: a, the live one, the dead one of a.b, and three others");
        assert!(!left.contains(&dead[0].to_owned()) && left.contains(&dead[1].to_owned()), "{left:?}");
        write_file(&b, true, |file| file.write_all(b"whole")).unwrap();
        assert!(!names(dir.path()).contains(&dead[1].to_owned()));
        live.finish().unwrap();
        assert_eq!(names(dir.path()), [&others[..], &["a", "a.b"]].concat());
    }

    #[test]
    fn only_temporary_files_of_dead_writers_are_leftovers() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join(".unfinished-model.0123456789ab")).unwrap();
        fs::write(dir.path().join(".unfinished-model.0123456789ab/half"), "").unwrap();
        fs::write(dir.path().join(".unfinished-0123456789ab"), "mine").unwrap();
        let checked = |scratch: &Path| {
            fs::write(scratch.join("file"), "x")?;
            remove_leftovers(dir.path())?;
            remove_unfinished(dir.path())?;
            assert!(scratch.join("file").exists());
            Ok::<_, io::Error>(())
        };
        fs::create_dir(dir.path().join(".unfinished-novel")).unwrap();
        remove_leftovers(dir.path()).unwrap();
        assert_eq!(names(dir.path()), [".unfinished-0123456789ab", ".unfinished-novel"]);
        write_folder(&dir.path().join("model"), |e| e, checked).unwrap();
        assert_eq!(names(dir.path()), ["model"]);
    }

    #[test]
    fn a_long_name_can_be_written() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("ö".repeat(127));
        write_file(&path, false, |file| file.write_all(b"x")).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"x");
    }
}
