use crate::{ALLOCATOR, Reader, corpus};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use tempfile::TempDir;

/// What a reader of our own may allocate for each byte of the file.
const GROWTH: usize = 10;
/// What it may allocate whatever the file's size: buffers, paths, messages.
pub const SLACK: usize = 256 << 10;
/// What a reader that hands the bytes to a library may allocate.
const LIBRARY_LIMIT: usize = 256 << 20;
/// Longest message, in bytes.
const LONGEST_MESSAGE: usize = 10_000;

/// What became of one input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It was read.
    Read,
    /// It was refused.
    Refused,
    /// The reader broke its word, and how.
    Broken(String),
}

/// A reader with a folder of its own.
#[derive(Debug)]
pub struct Harness {
    reader: Reader,
    path: PathBuf,
    file: File,
    _folder: TempDir,
}

impl Harness {
    /// Makes the reader's folder, in memory where the system has a place for that.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn new(reader: Reader) -> io::Result<Self> {
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir())?;
        for (name, source) in reader.beside {
            let place = folder.path().join(name);
            place.parent().map_or(Ok(()), fs::create_dir_all)?;
            fs::copy(corpus::folder().join(source), place)?;
        }
        let path = folder.path().join(reader.file);
        let file = OpenOptions::new().write(true).create(true).truncate(true).open(&path)?;
        Ok(Self { reader, path, file, _folder: folder })
    }

    /// Lets the reader read `bytes`. A panic of the reader is the caller's.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn run(&self, bytes: &[u8]) -> io::Result<Outcome> {
        self.file.set_len(bytes.len() as u64)?;
        self.file.write_all_at(bytes, 0)?;
        let before = ALLOCATOR.current_usage();
        ALLOCATOR.reset_peak_usage();
        let answer = (self.reader.read)(&self.path);
        let grown = ALLOCATOR.peak_usage().saturating_sub(before);
        let allowed = if self.reader.own { GROWTH * bytes.len() + SLACK } else { LIBRARY_LIMIT };
        if grown > allowed {
            return Ok(Outcome::Broken(format!("{grown} bytes allocated for a file of {}", bytes.len())));
        }
        Ok(match answer {
            Ok(()) => Outcome::Read,
            Err(message) if message.len() > LONGEST_MESSAGE => {
                Outcome::Broken(format!("a message of {} bytes", message.len()))
            }
            Err(message) if message.chars().any(|c| c.is_control() && c != '\n') => {
                Outcome::Broken(format!("a message with control characters: {message:?}"))
            }
            Err(_) => Outcome::Refused,
        })
    }
}
