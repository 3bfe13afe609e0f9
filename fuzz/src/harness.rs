use crate::{ALLOCATOR, Reader, corpus};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use tempfile::TempDir;

/// Bytes that our own readers may allocate per byte of the file.
const ALLOCATION_FACTOR: usize = 10;
/// Bytes that they may allocate in addition, for buffers, paths and messages.
pub const SLACK: usize = 256 << 10;
/// Bytes that a reader may allocate if a library does the parsing.
const LIBRARY_LIMIT: usize = 256 << 20;
/// Longest error message, in bytes.
const MAX_MESSAGE_BYTES: usize = 10_000;

/// The result of one input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The file was read.
    Read,
    /// The file was rejected with an error.
    Rejected,
    /// The reader violated a requirement, which is described.
    Violation(String),
}

/// A reader with its own folder.
#[derive(Debug)]
pub struct Harness {
    reader: Reader,
    path: PathBuf,
    file: File,
    _folder: TempDir,
}

impl Harness {
    /// Creates the reader's folder, in memory if the system supports that.
    ///
    /// # Errors
    /// When the folder cannot be created.
    pub fn new(reader: Reader) -> io::Result<Self> {
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir())?;
        for (name, source) in reader.extra_files {
            let place = folder.path().join(name);
            place.parent().map_or(Ok(()), fs::create_dir_all)?;
            fs::copy(corpus::folder().join(source), place)?;
        }
        let path = folder.path().join(reader.file);
        let file = OpenOptions::new().write(true).create(true).truncate(true).open(&path)?;
        Ok(Self { reader, path, file, _folder: folder })
    }

    /// Runs the reader on `bytes`. Panics of the reader are not caught.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn run(&self, bytes: &[u8]) -> io::Result<Outcome> {
        self.file.set_len(bytes.len() as u64)?;
        self.file.write_all_at(bytes, 0)?;
        let before = ALLOCATOR.current_usage();
        ALLOCATOR.reset_peak_usage();
        let result = (self.reader.read)(&self.path);
        let grown = ALLOCATOR.peak_usage().saturating_sub(before);
        let allowed = if self.reader.own_parser { ALLOCATION_FACTOR * bytes.len() + SLACK } else { LIBRARY_LIMIT };
        if grown > allowed {
            return Ok(Outcome::Violation(format!("{grown} bytes allocated for a file of {}", bytes.len())));
        }
        Ok(match result {
            Ok(()) => Outcome::Read,
            Err(message) if message.len() > MAX_MESSAGE_BYTES => {
                Outcome::Violation(format!("a message of {} bytes", message.len()))
            }
            Err(message) if message.chars().any(|c| c.is_control() && c != '\n') => {
                Outcome::Violation(format!("a message with control characters: {message:?}"))
            }
            Err(_) => Outcome::Rejected,
        })
    }
}
