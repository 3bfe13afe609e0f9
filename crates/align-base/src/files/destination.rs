//! Checks of an output path, and comparison of paths.

use std::fs;
use std::io::{self, Error, ErrorKind};
use std::path::{Path, PathBuf};

/// Checks that a file can be written to `path`, so that a program does not fail after hours of work. `overwrite` allows an existing
/// file to be replaced.
///
/// # Errors
/// [`ErrorKind::AlreadyExists`] if `path` exists, even as a broken link, and `overwrite` is false. With `overwrite`: `path` is a
/// folder, a device, or a broken link.
pub fn check_file_destination(path: &Path, overwrite: bool) -> io::Result<()> {
    let found = match fs::symlink_metadata(path) {
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(()),
        // A parent that is not a folder is reported when the folder is created.
        Err(_) => return Ok(()),
        Ok(found) => found,
    };
    if !overwrite {
        return Err(ErrorKind::AlreadyExists.into());
    }
    let wrong = |kind, what: &str| Err(Error::new(kind, format!("is {what}, which cannot be replaced by a file")));
    match fs::metadata(path) {
        Err(_) if found.is_symlink() => wrong(ErrorKind::NotFound, "a broken link"),
        Ok(target) if target.is_dir() => wrong(ErrorKind::IsADirectory, "a folder"),
        Ok(target) if !target.is_file() => wrong(ErrorKind::InvalidInput, "a device or a pipe"),
        _ => Ok(()),
    }
}

/// The file to replace: the target if `path` is a link, else `path`.
pub(crate) fn resolve_link(path: &Path) -> io::Result<PathBuf> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_symlink() => fs::canonicalize(path),
        _ => Ok(path.to_owned()),
    }
}

/// Whether two paths refer to the same file or folder, links followed. False if either does not exist.
#[must_use]
pub fn is_same_file(a: &Path, b: &Path) -> bool {
    let (Ok(found), Ok(other)) = (fs::metadata(a), fs::metadata(b)) else { return false };
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        (found.dev(), found.ino()) == (other.dev(), other.ino())
    }
    #[cfg(not(unix))]
    {
        let _ = (found, other);
        matches!((fs::canonicalize(a), fs::canonicalize(b)), (Ok(a), Ok(b)) if a == b)
    }
}

/// Whether `path` is `folder` or inside it, links followed. `path` need not exist.
#[must_use]
pub fn is_inside(path: &Path, folder: &Path) -> bool {
    let Ok(path) = std::path::absolute(path) else { return false };
    path.ancestors().any(|above| is_same_file(above, folder))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[cfg(unix)]
    #[test]
    fn output_paths_are_checked() {
        use std::os::unix::fs::symlink;
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::write(at("file"), "x").unwrap();
        fs::create_dir(at("folder")).unwrap();
        symlink(at("file"), at("link")).unwrap();
        symlink(at("none"), at("dangling")).unwrap();
        let refused = |name: &str, overwrite| check_file_destination(&at(name), overwrite).err().map(|e| e.kind());
        for name in ["file", "folder", "link", "dangling"] {
            assert_eq!(refused(name, false), Some(ErrorKind::AlreadyExists), "{name}");
        }
        assert_eq!((refused("none", false), refused("file", true), refused("link", true)), (None, None, None));
        assert_eq!(refused("folder", true), Some(ErrorKind::IsADirectory));
        assert_eq!(refused("dangling", true), Some(ErrorKind::NotFound));
        assert_eq!(check_file_destination(Path::new("/dev/null"), true).unwrap_err().kind(), ErrorKind::InvalidInput);
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_and_missing_paths_are_not_equal() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::create_dir(at("model")).unwrap();
        std::os::unix::fs::symlink(at("model"), at("link")).unwrap();
        assert!(is_same_file(&at("model"), &at("link")) && !is_same_file(&at("none"), &at("none")));
        assert!(is_inside(&at("link/runs/first"), &at("model")) && is_inside(&at("model"), &at("link")));
        assert!(!is_inside(&at("models"), &at("model")) && !is_inside(dir.path(), &at("model")));
    }
}
