//! Whether a file may go where it is asked to, and what a path has in common with another.

use std::fs;
use std::io::{self, Error, ErrorKind};
use std::path::{Path, PathBuf};

/// Whether a file can be written to `path`, with `overwrite` in place of one that stands there: for programs that would otherwise
/// find out after hours of work.
///
/// # Errors
/// [`ErrorKind::AlreadyExists`] where anything of that name exists, a link to nothing included, and `overwrite` is false; with
/// `overwrite` where it is no file but a folder, a device, or a link to nothing.
pub fn check_file_place(path: &Path, overwrite: bool) -> io::Result<()> {
    let found = match fs::symlink_metadata(path) {
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(()),
        // A folder on the way that is none is found out when the folder is made.
        Err(_) => return Ok(()),
        Ok(found) => found,
    };
    if !overwrite {
        return Err(ErrorKind::AlreadyExists.into());
    }
    let wrong = |kind, what: &str| Err(Error::new(kind, format!("is {what}, which no file takes the place of")));
    match fs::metadata(path) {
        Err(_) if found.is_symlink() => wrong(ErrorKind::NotFound, "a link to nothing"),
        Ok(target) if target.is_dir() => wrong(ErrorKind::IsADirectory, "a folder"),
        Ok(target) if !target.is_file() => wrong(ErrorKind::InvalidInput, "a device or a pipe"),
        _ => Ok(()),
    }
}

/// The file that a new one takes the place of: a link stays, and the file that it names is replaced.
pub(crate) fn behind_link(path: &Path) -> io::Result<PathBuf> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_symlink() => fs::canonicalize(path),
        _ => Ok(path.to_owned()),
    }
}

/// Whether two paths name one file or folder, through links too. What is not there is the same as nothing.
#[must_use]
pub fn is_same(a: &Path, b: &Path) -> bool {
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

/// Whether `path`, which need not be there, is `folder` or stands in it, through links too.
#[must_use]
pub fn is_inside(path: &Path, folder: &Path) -> bool {
    let Ok(path) = std::path::absolute(path) else { return false };
    path.ancestors().any(|above| is_same(above, folder))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[cfg(unix)]
    #[test]
    fn what_stands_where_a_file_is_to_go() {
        use std::os::unix::fs::symlink;
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::write(at("file"), "x").unwrap();
        fs::create_dir(at("folder")).unwrap();
        symlink(at("file"), at("link")).unwrap();
        symlink(at("none"), at("dangling")).unwrap();
        let refused = |name: &str, overwrite| check_file_place(&at(name), overwrite).err().map(|e| e.kind());
        for name in ["file", "folder", "link", "dangling"] {
            assert_eq!(refused(name, false), Some(ErrorKind::AlreadyExists), "{name}");
        }
        assert_eq!((refused("none", false), refused("file", true), refused("link", true)), (None, None, None));
        assert_eq!(refused("folder", true), Some(ErrorKind::IsADirectory));
        assert_eq!(refused("dangling", true), Some(ErrorKind::NotFound));
        assert_eq!(check_file_place(Path::new("/dev/null"), true).unwrap_err().kind(), ErrorKind::InvalidInput);
    }

    #[cfg(unix)]
    #[test]
    fn links_and_what_is_not_there() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::create_dir(at("model")).unwrap();
        std::os::unix::fs::symlink(at("model"), at("link")).unwrap();
        assert!(is_same(&at("model"), &at("link")) && !is_same(&at("none"), &at("none")));
        assert!(is_inside(&at("link/runs/first"), &at("model")) && is_inside(&at("model"), &at("link")));
        assert!(!is_inside(&at("models"), &at("model")) && !is_inside(dir.path(), &at("model")));
    }
}
