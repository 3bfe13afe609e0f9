use crate::{builder, folder_of, sync_folder};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::Path;
use tempfile::NamedTempFile;

/// A file that has its name once it is [finished](Self::finish), and is gone if it is dropped before.
#[derive(Debug)]
pub struct UnfinishedFile<'a> {
    path: &'a Path,
    overwrite: bool,
    writer: BufWriter<NamedTempFile>,
}

impl<'a> UnfinishedFile<'a> {
    /// Begins the file that is to stand at `path`, with `overwrite` in place of one that stands there.
    ///
    /// # Errors
    /// When the file exists and `overwrite` is false ([`ErrorKind::AlreadyExists`]), or when the system refuses, as it does
    /// where the folder is not there.
    pub fn begin(path: &'a Path, overwrite: bool) -> io::Result<Self> {
        // Not before all the work is done, where it can be known now.
        if !overwrite && path.exists() {
            return Err(ErrorKind::AlreadyExists.into());
        }
        let file = builder(0o666).tempfile_in(folder_of(path))?;
        Ok(Self { path, overwrite, writer: BufWriter::new(file) })
    }

    /// Puts the file on the disk and gives it its name.
    ///
    /// # Errors
    /// When a file got that name meanwhile and is not to be overwritten ([`ErrorKind::AlreadyExists`]), or when the system
    /// refuses.
    pub fn finish(self) -> io::Result<()> {
        let file = self.writer.into_inner().map_err(|e| e.into_error())?;
        file.as_file().sync_all()?;
        if self.overwrite { file.persist(self.path) } else { file.persist_noclobber(self.path) }?;
        sync_folder(folder_of(self.path))
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
/// When the file exists and `overwrite` is false ([`ErrorKind::AlreadyExists`]), when `fill` fails, or when the system refuses.
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
