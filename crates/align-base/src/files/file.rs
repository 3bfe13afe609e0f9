use super::destination::resolve_link;
use super::{check_file_destination, folder_of, sync_folder, temporary};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// A file that is written under a temporary name and gets its final name from [`finish`](Self::finish).
///
/// If it is dropped before that, it is removed. If the process is killed, the next writer of the same file removes the temporary
/// file.
#[derive(Debug)]
pub struct UnfinishedFile<'a> {
    path: &'a Path,
    /// The path to write to: `path`, or the target of the link at `path`.
    target: PathBuf,
    overwrite: bool,
    writer: BufWriter<NamedTempFile>,
}

impl<'a> UnfinishedFile<'a> {
    /// Creates the temporary file for `path`. `overwrite` allows `path` to exist.
    ///
    /// # Errors
    /// The errors of [`check_file_destination`], and I/O errors, for example if the folder does not exist.
    pub fn begin(path: &'a Path, overwrite: bool) -> io::Result<Self> {
        // Fail before the work is done, not after it.
        check_file_destination(path, overwrite)?;
        let target = resolve_link(path)?;
        temporary::remove_leftovers_of(&target);
        let file = temporary::create_file(&target)?;
        Ok(Self { path, target, overwrite, writer: BufWriter::new(file) })
    }

    /// Syncs the file to disk and renames it to its final name.
    ///
    /// # Errors
    /// [`io::ErrorKind::AlreadyExists`] if the path was created meanwhile and may not be overwritten, and I/O errors.
    pub fn finish(self) -> io::Result<()> {
        let file = self.writer.into_inner().map_err(|e| e.into_error())?;
        file.as_file().sync_all()?;
        check_file_destination(self.path, self.overwrite)?;
        if self.overwrite { file.persist(&self.target) } else { file.persist_noclobber(&self.target) }?;
        sync_folder(folder_of(&self.target))
    }
}

impl Write for UnfinishedFile<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

/// Writes a file atomically: it appears complete or not at all. `overwrite` allows an existing file to be replaced.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`] if the file exists and `overwrite` is false, the error of `fill`, and I/O errors.
pub fn write_file(path: &Path, overwrite: bool, fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut file = UnfinishedFile::begin(path, overwrite)?;
    fill(&mut file)?;
    file.finish()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::fs;
    use std::io::ErrorKind;

    #[test]
    fn a_file_is_replaced_only_with_overwrite() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        write_file(&path, false, |file| file.write_all(b"one")).unwrap();
        let refused = write_file(&path, false, |_| Err(io::Error::other("it was begun"))).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::AlreadyExists);
        write_file(&path, true, |file| file.write_all(b"two")).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");

        let late = dir.path().join("b");
        let refused = write_file(&late, false, |_| fs::write(&late, "mine")).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&late).unwrap(), b"mine");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_failed_write_leaves_no_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        let failed = write_file(&path, false, |file| {
            file.write_all(b"half")?;
            Err(io::Error::other("stop"))
        });
        assert_eq!(failed.unwrap_err().to_string(), "stop");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_kept_and_its_target_is_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let (file, link) = (dir.path().join("file"), dir.path().join("link"));
        fs::write(&file, "one").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        write_file(&link, true, |file| file.write_all(b"two")).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&file).unwrap(), b"two");
    }

    #[cfg(unix)]
    #[test]
    fn a_file_has_the_permissions_of_an_ordinary_file() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let (ours, plain) = (dir.path().join("ours"), dir.path().join("plain"));
        write_file(&ours, false, |file| file.write_all(b"x")).unwrap();
        fs::write(&plain, "x").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&ours), mode(&plain));
    }
}
