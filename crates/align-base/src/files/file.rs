use super::place::behind_link;
use super::{check_file_place, folder_of, sync_folder, unfinished};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// A file that has its name once it is [finished](Self::finish), and is gone if it is dropped before. What a killed process left
/// of it goes when the next one begins it.
#[derive(Debug)]
pub struct UnfinishedFile<'a> {
    path: &'a Path,
    /// Where it goes: the path, or the file that a link there names.
    target: PathBuf,
    overwrite: bool,
    writer: BufWriter<NamedTempFile>,
}

impl<'a> UnfinishedFile<'a> {
    /// Begins the file that is to stand at `path`, with `overwrite` in place of one that stands there.
    ///
    /// # Errors
    /// As [`check_file_place`], or when the system refuses, as it does where the folder is not there.
    pub fn begin(path: &'a Path, overwrite: bool) -> io::Result<Self> {
        // Not before all the work is done, where it can be known now.
        check_file_place(path, overwrite)?;
        let target = behind_link(path)?;
        unfinished::remove_leftovers_of(&target);
        let file = unfinished::file(&target)?;
        Ok(Self { path, target, overwrite, writer: BufWriter::new(file) })
    }

    /// Puts the file on the disk and gives it its name.
    ///
    /// # Errors
    /// When a file got that name meanwhile and is not to be overwritten ([`io::ErrorKind::AlreadyExists`]), or when the system
    /// refuses.
    pub fn finish(self) -> io::Result<()> {
        let file = self.writer.into_inner().map_err(|e| e.into_error())?;
        file.as_file().sync_all()?;
        check_file_place(self.path, self.overwrite)?;
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

/// Writes a file that appears whole or not at all, with `overwrite` in place of one that stands there.
///
/// # Errors
/// When the file exists and `overwrite` is false ([`io::ErrorKind::AlreadyExists`]), when `fill` fails, or when the system refuses.
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
    fn a_file_is_replaced_only_where_that_was_asked_for() {
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
    fn what_fails_leaves_nothing() {
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
    fn a_link_stays_and_its_file_is_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let (file, link) = (dir.path().join("file"), dir.path().join("link"));
        fs::write(&file, "one").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        write_file(&link, true, |file| file.write_all(b"two")).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&file).unwrap(), b"two");
    }

    /// Whatever the umask of the tests is.
    #[cfg(unix)]
    #[test]
    fn a_file_may_be_read_by_whoever_may_read_any_other() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let (ours, plain) = (dir.path().join("ours"), dir.path().join("plain"));
        write_file(&ours, false, |file| file.write_all(b"x")).unwrap();
        fs::write(&plain, "x").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&ours), mode(&plain));
    }
}
