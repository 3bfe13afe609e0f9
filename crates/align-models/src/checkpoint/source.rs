use super::error::{self, Result, malformed};
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// An open file of a checkpoint.
#[derive(Debug)]
pub(super) struct Source {
    pub path: PathBuf,
    pub file: File,
    pub len: u64,
}

impl Source {
    pub(super) fn open(path: &Path) -> Result<Self> {
        // Check before opening, because opening a pipe would block.
        if !std::fs::metadata(path).map_err(error::io(path))?.is_file() {
            return Err(malformed(path, "is not a regular file"));
        }
        let file = File::open(path).map_err(error::io(path))?;
        let len = file.metadata().map_err(error::io(path))?.len();
        let source = Self { path: path.to_path_buf(), file, len };
        source.reject_non_weights()?;
        Ok(source)
    }

    /// Fills `buffer` with the bytes starting at offset `at`.
    pub(super) fn read_at(&self, buffer: &mut [u8], at: u64) -> Result<()> {
        self.file.read_exact_at(buffer, at).map_err(|fault| match fault.kind() {
            io::ErrorKind::UnexpectedEof => malformed(&self.path, "ends too early: it was probably truncated"),
            _ => error::io(&self.path)(fault),
        })
    }

    /// The first bytes of the file, at most `limit`.
    pub(super) fn head(&self, limit: usize) -> Result<Vec<u8>> {
        let mut head = vec![0; limit.min(usize::try_from(self.len).unwrap_or(limit))];
        self.read_at(&mut head, 0)?;
        Ok(head)
    }

    /// A reader of the whole file with its own position.
    pub(super) fn cursor(&self) -> Cursor<'_> {
        Cursor { source: self, at: 0 }
    }

    /// Rejects files that are often found in place of weights.
    fn reject_non_weights(&self) -> Result<()> {
        let head = self.head(64)?;
        if head.is_empty() {
            return Err(malformed(&self.path, "is empty"));
        }
        if head.starts_with(b"version https://git-lfs") {
            let reason = "is a git-lfs pointer, not the weights: fetch them with `git lfs pull`";
            return Err(malformed(&self.path, reason));
        }
        let text = head.trim_ascii_start();
        if text.starts_with(b"<!") || text.starts_with(b"<html") {
            return Err(malformed(&self.path, "is an HTML page, not the weights: download the file itself"));
        }
        Ok(())
    }
}

/// A reader of a [`Source`] with its own position.
#[derive(Debug)]
pub(super) struct Cursor<'a> {
    source: &'a Source,
    at: u64,
}

impl Read for Cursor<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.source.file.read_at(buffer, self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}
