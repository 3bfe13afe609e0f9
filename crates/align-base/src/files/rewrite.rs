//! Folders that a program writes over without being their only user.

use super::{replace_folder, write_folder};
use std::fs;
use std::io::{self, Error, ErrorKind};
use std::path::Path;

/// Whether a folder can be written to `path`: nothing is there, or an empty folder, or, with `overwrite`, any folder.
///
/// # Errors
/// [`ErrorKind::AlreadyExists`] for a folder that is not empty, without `overwrite`; [`ErrorKind::NotADirectory`] for what is no
/// folder, or a link; and what the system refuses.
pub fn check_folder_place(path: &Path, overwrite: bool) -> io::Result<()> {
    let found = match fs::symlink_metadata(path) {
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(()),
        found => found?,
    };
    if !found.is_dir() {
        return Err(Error::new(ErrorKind::NotADirectory, "is no folder, or a link to one"));
    }
    let is_empty = fs::read_dir(path)?.next().is_none();
    if is_empty || overwrite { Ok(()) } else { Err(ErrorKind::AlreadyExists.into()) }
}

/// Makes the folder `path` with what `fill` writes into the empty one that it is given, with `overwrite` in place of one whose files
/// all have names that the new one has too. The folder is at each moment the old one or the new one, whole.
///
/// # Errors
/// As [`check_folder_place`]; [`ErrorKind::DirectoryNotEmpty`] where something would be lost for which the new folder has nothing;
/// when `fill` fails; or, through `fail`, when the system refuses.
pub fn rewrite_folder<E>(
    path: &Path,
    overwrite: bool,
    fail: impl Fn(io::Error) -> E,
    fill: impl FnOnce(&Path) -> Result<(), E>,
) -> Result<(), E> {
    check_folder_place(path, overwrite).map_err(&fail)?;
    if !overwrite {
        return write_folder(path, fail, fill);
    }
    replace_folder(path, &fail, |scratch| {
        fill(scratch)?;
        refuse_loss(path, scratch).map_err(&fail)
    })
}

/// Refuses to replace `old` by `new` where it holds more than files of the new one's names.
fn refuse_loss(old: &Path, new: &Path) -> io::Result<()> {
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
    let what = format!("holds what the new folder has nothing for: {lost}. Move that away, or choose another folder");
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
    fn only_files_of_the_same_names_are_written_over() {
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
    fn a_link_or_a_file_is_no_place_for_a_folder() {
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
