//! Overwriting folders that may also contain files of others.

use super::{replace_folder, write_folder};
use std::fs;
use std::io::{self, Error, ErrorKind};
use std::path::Path;

/// Checks that a folder can be written to `path`: `path` does not exist, is an empty folder, or, with `overwrite`, is any folder.
///
/// # Errors
/// [`ErrorKind::AlreadyExists`] for a folder that is not empty, without `overwrite`; [`ErrorKind::NotADirectory`] for a file or a
/// link; I/O errors.
pub fn check_folder_destination(path: &Path, overwrite: bool) -> io::Result<()> {
    let found = match fs::symlink_metadata(path) {
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(()),
        found => found?,
    };
    if !found.is_dir() {
        return Err(Error::new(ErrorKind::NotADirectory, "is not a folder, or is a link"));
    }
    let is_empty = fs::read_dir(path)?.next().is_none();
    if is_empty || overwrite { Ok(()) } else { Err(ErrorKind::AlreadyExists.into()) }
}

/// Writes the folder `path` atomically with the files that `fill` writes into an empty folder.
///
/// With `overwrite` it replaces a folder, provided that each file in the old folder has a counterpart of the same name in the new
/// one.
///
/// # Errors
/// The errors of [`check_folder_destination`]; [`ErrorKind::DirectoryNotEmpty`] if the old folder holds anything that the new one
/// does not replace; the error of `fill`; I/O errors, which `fail` converts.
pub fn rewrite_folder<E>(
    path: &Path,
    overwrite: bool,
    fail: impl Fn(io::Error) -> E,
    fill: impl FnOnce(&Path) -> Result<(), E>,
) -> Result<(), E> {
    check_folder_destination(path, overwrite).map_err(&fail)?;
    if !overwrite {
        return write_folder(path, fail, fill);
    }
    replace_folder(path, &fail, |scratch| {
        fill(scratch)?;
        check_nothing_is_lost(path, scratch).map_err(&fail)
    })
}

/// Fails if `old` holds anything but files that also exist in `new`.
fn check_nothing_is_lost(old: &Path, new: &Path) -> io::Result<()> {
    if !old.exists() {
        return Ok(());
    }
    let mut lost = Vec::new();
    for entry in fs::read_dir(old)? {
        let entry = entry?;
        let name = entry.file_name();
        if !entry.file_type()?.is_file() || !new.join(&name).is_file() {
            lost.push(name.to_string_lossy().into_owned());
        }
    }
    lost.sort();
    if lost.is_empty() {
        return Ok(());
    }
    let lost = lost.join(", ");
    let what = format!(
        "holds files or folders that the new folder does not replace: {lost}. Move them away, or choose another folder"
    );
    Err(Error::new(ErrorKind::DirectoryNotEmpty, what))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn put(names: &'static [&'static str]) -> impl Fn(&Path) -> io::Result<()> {
        move |folder| names.iter().try_for_each(|name| fs::write(folder.join(name), "new"))
    }

    #[test]
    fn only_files_of_the_same_names_are_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("model");
        let write = |overwrite, names| rewrite_folder(&path, overwrite, |e| e, put(names));
        fs::create_dir(&path).unwrap();
        write(false, &["config", "weights"]).unwrap();
        assert_eq!(write(false, &["config", "weights"]).unwrap_err().kind(), ErrorKind::AlreadyExists);
        write(true, &["config", "weights", "vocabulary"]).unwrap();
        let refused = write(true, &["config", "weights"]).unwrap_err();
        assert!(
            refused.kind() == ErrorKind::DirectoryNotEmpty && refused.to_string().contains("vocabulary"),
            "{refused}"
        );
        fs::create_dir(path.join("config.d")).unwrap();
        let refused = write(true, &["config", "weights", "vocabulary"]).unwrap_err().to_string();
        assert!(refused.contains("config.d"), "{refused}");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        assert_eq!(fs::read_dir(&path).unwrap().count(), 4);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_not_replaced_by_a_folder() {
        let dir = tempfile::tempdir().unwrap();
        let (folder, link) = (dir.path().join("folder"), dir.path().join("link"));
        fs::create_dir(&folder).unwrap();
        std::os::unix::fs::symlink(&folder, &link).unwrap();
        for overwrite in [false, true] {
            let refused = rewrite_folder(&link, overwrite, |e| e, put(&["a"])).unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::NotADirectory);
        }
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
    }
}
