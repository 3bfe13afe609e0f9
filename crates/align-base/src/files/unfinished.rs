//! Names of what is not whole, and whether their writers live.

use super::folder_of;
use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind};
use std::path::Path;
use tempfile::{Builder, NamedTempFile, TempDir};

/// How the names of what is not whole begin. The name that it is to get follows, a dot, and some letters and digits.
pub const UNFINISHED: &str = ".unfinished-";

/// Letters and digits at the end of such a name.
const RANDOM: usize = 12;
/// Bytes of the final name that are kept: the whole must stay below the 255 that a name may have.
const LONGEST: usize = 150;
/// How often a new name is tried when another process removed the one before.
const TRIES: usize = 16;

/// A temporary folder that its process holds.
#[derive(Debug)]
pub(crate) struct Scratch {
    pub dir: TempDir,
    _lock: File,
}

/// A file that is to stand at `path`, beside it and held by this process.
pub(crate) fn file(path: &Path) -> io::Result<NamedTempFile> {
    held(path, |prefix, folder| {
        let file = builder(prefix, 0o666).tempfile_in(folder)?;
        Ok(is_held(file.as_file(), file.path())?.then_some(file))
    })
}

/// A folder that is to stand at `path`, likewise.
pub(crate) fn folder(path: &Path) -> io::Result<Scratch> {
    held(path, |prefix, folder| {
        let dir = builder(prefix, 0o777).tempdir_in(folder)?;
        let lock = File::open(dir.path())?;
        Ok(is_held(&lock, dir.path())?.then_some(Scratch { dir, _lock: lock }))
    })
}

fn held<T>(path: &Path, make: impl Fn(&str, &Path) -> io::Result<Option<T>>) -> io::Result<T> {
    let (prefix, folder) = (prefix(path), folder_of(path));
    for _ in 0..TRIES {
        if let Some(made) = make(&prefix, folder)? {
            return Ok(made);
        }
    }
    Err(io::Error::other("other processes remove what is being written"))
}

/// Takes the lock that says that the writer lives. Between the name's beginning and the lock another process may have taken it for
/// a dead one's, and removed it.
fn is_held(file: &File, path: &Path) -> io::Result<bool> {
    match file.try_lock() {
        Ok(()) => is_named(file, path),
        Err(TryLockError::WouldBlock) => Ok(false),
        // Without locks nobody removes anything.
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

/// What others may use as any of the user's: `mode` less the umask, where tempfile's own default is for the owner alone.
fn builder(prefix: &str, mode: u32) -> Builder<'_, 'static> {
    let mut builder = Builder::new();
    builder.prefix(prefix).rand_bytes(RANDOM);
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
    format!("{UNFINISHED}{}.", short_name(path))
}

/// The part of a name that stands in the unfinished one's.
fn short_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let end = (0..=LONGEST.min(name.len())).rev().find(|end| name.is_char_boundary(*end)).unwrap_or(0);
    name.get(..end).unwrap_or_default().to_owned()
}

/// Of a name that this crate makes the part that says what it was to become.
fn target(name: &str) -> Option<&str> {
    let (target, end) = name.strip_prefix(UNFINISHED)?.rsplit_once('.')?;
    (end.len() == RANDOM && end.bytes().all(|byte| byte.is_ascii_alphanumeric())).then_some(target)
}

/// Removes everything that dead processes left unfinished in `folder`, whatever follows [`UNFINISHED`] in its name: for a folder
/// in which nobody else has files.
///
/// # Errors
/// When the system refuses.
pub fn remove_unfinished(folder: &Path) -> io::Result<()> {
    remove_those(folder, |name| name.starts_with(UNFINISHED))
}

/// Removes what dead processes were writing in `folder` through this crate, and nothing of a like name.
///
/// # Errors
/// When the system refuses.
pub fn remove_leftovers(folder: &Path) -> io::Result<()> {
    remove_those(folder, |name| target(name).is_some())
}

/// Removes what dead processes left of the file or folder `path`. A folder that cannot be read is no reason not to write.
pub(crate) fn remove_leftovers_of(path: &Path) {
    let short = short_name(path);
    if let Err(error) = remove_those(folder_of(path), |name| target(name) == Some(short.as_str())) {
        tracing::debug!(path = %path.display(), %error, "what a killed process left cannot be removed");
    }
}

fn remove_those(folder: &Path, wanted: impl Fn(&str) -> bool) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if wanted(&entry.file_name().to_string_lossy()) {
            match remove_if_dead(&entry.path(), entry.file_type()?) {
                // Another process was faster.
                Err(e) if e.kind() == ErrorKind::NotFound => {}
                removed => removed?,
            }
        }
    }
    Ok(())
}

/// Links and devices are none of what is written here.
fn remove_if_dead(path: &Path, kind: fs::FileType) -> io::Result<()> {
    if !kind.is_dir() && !kind.is_file() {
        return Ok(());
    }
    let file = File::open(path)?;
    // A writer locks its own, and without locks nobody can tell.
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
    fn what_a_dead_process_left_of_a_file_goes_with_its_next_writer_and_nothing_else_does() {
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
    fn only_what_is_made_here_and_has_no_living_writer_is_a_leftover() {
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
