//! A journal of the results of a long job, one line per result, so that a killed job can resume.

use super::{JournalError, checksummed_line, parse_checksummed_line};
use crate::option_differences;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The first bytes of every journal.
const PREFIX: &[u8] = b"{\"value\":{\"align_journal\":2,\"job\":";
/// The first bytes of a journal of version 1, whose lines had no digests.
const VERSION_1_PREFIX: &[u8] = b"{\"align_journal\":1,\"job\":";
/// The purposes of the digests.
const HEADER: &str = "align journal: header";
const ENTRY: &str = "align journal: entry";

/// Longest time between two syncs to disk.
const SYNC_INTERVAL: Duration = Duration::from_secs(5);

/// A journal of entries of type `E`. It is locked against other processes.
///
/// The first line describes the job, each further line is an entry, and each line contains its own digest ([`checksummed_line`]).
/// Appended entries survive a crash of the process immediately, and a power failure after a few seconds. A last line without a line
/// break is incomplete, and is dropped.
///
/// ```
/// # use align_base::files::{Journal, JournalError};
/// # let folder = tempfile::tempdir().unwrap();
/// let path = folder.path().join("squares.partial");
/// let mut journal = Journal::open(&path, &"squares", false, |_: &(u64, u64)| Ok(()))?;
/// journal.append(&[(1, 1), (2, 4)])?;
/// drop(journal);
///
/// let mut known = Vec::new();
/// let mut journal = Journal::open(&path, &"squares", false, |entry: &(u64, u64)| Ok(known.push(*entry)))?;
/// journal.append(&[(3, 9)])?;
/// assert!(Journal::<(u64, u64)>::open(&path, &"cubes", false, |_| Ok(())).is_err());
/// let mut sum = 0;
/// journal.read(|(_, square)| Ok::<(), JournalError>(sum += square))?;
/// journal.remove()?;
/// assert_eq!((known.len(), sum), (2, 14));
/// # Ok::<(), JournalError>(())
/// ```
pub struct Journal<E> {
    path: PathBuf,
    file: File,
    synced: Instant,
    entries: PhantomData<E>,
}

#[derive(Serialize, Deserialize)]
struct Header<J> {
    align_journal: u32,
    job: J,
}

impl<E: Serialize + DeserializeOwned> Journal<E> {
    /// Opens the journal of this job, or creates it.
    ///
    /// `check_entry` is called with each existing entry, and returns an error if the job cannot have written it. A journal of another
    /// job that has entries is an error, unless `overwrite` allows it to be dropped.
    ///
    /// # Errors
    /// The journal belongs to another job, is locked by another process, or has a damaged line; the path is not a journal; I/O errors.
    pub fn open<J: Serialize + ?Sized>(
        path: &Path,
        job: &J,
        overwrite: bool,
        check_entry: impl FnMut(&E) -> Result<(), String>,
    ) -> Result<Self, JournalError> {
        let failed = |path: &Path, problem| JournalError::Io { path: path.to_owned(), problem };
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|e| failed(folder, e))?;
        }
        if path.exists() && !path.is_file() {
            return Err(JournalError::NotAFile { path: path.to_owned() });
        }
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
        let file = file.map_err(|e| failed(path, e))?;
        // Some file systems do not support locks: continue without one.
        if let Err(TryLockError::WouldBlock) = file.try_lock() {
            return Err(JournalError::Locked { path: path.to_owned() });
        }
        let mut journal = Self { path: path.to_owned(), file, synced: Instant::now(), entries: PhantomData };
        let header = journal.to_line(HEADER, &Header { align_journal: 2, job })?;
        journal.resume(&header, overwrite, check_entry)?;
        Ok(journal)
    }

    /// The path of the journal.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads the existing entries, and sets the position of the file to the end of the last complete line.
    fn resume(
        &mut self,
        header: &str,
        overwrite: bool,
        mut check_entry: impl FnMut(&E) -> Result<(), String>,
    ) -> Result<(), JournalError> {
        let mut reader = BufReader::new(self.file.try_clone().map_err(|e| self.failed(e))?);
        let mut line = Vec::new();
        self.next_line(&mut reader, &mut line)?;
        if line.starts_with(VERSION_1_PREFIX) && !overwrite {
            return Err(JournalError::OlderVersion { path: self.path.clone() });
        }
        let has_prefix = line.starts_with(VERSION_1_PREFIX) || line.iter().zip(PREFIX).all(|(a, b)| a == b);
        if !has_prefix || (line.ends_with(b"\n") && line.len() <= PREFIX.len()) {
            return Err(JournalError::NotAJournal { path: self.path.clone() });
        }
        // If a run was killed before its header was complete, there are no entries.
        if !line.ends_with(b"\n") || line.starts_with(VERSION_1_PREFIX) {
            return self.begin(header);
        }
        let differences = self.job_differences(&line, header)?;
        let mut complete = line.len() as u64;
        if !differences.is_empty() {
            self.next_line(&mut reader, &mut line)?;
            if line.ends_with(b"\n") && !overwrite {
                return Err(JournalError::OtherJob { path: self.path.clone(), differences });
            }
            return self.begin(header);
        }
        for number in 2_usize.. {
            self.next_line(&mut reader, &mut line)?;
            if !line.ends_with(b"\n") {
                break;
            }
            let entry = self.entry(number, &line)?;
            check_entry(&entry).map_err(|problem| self.damaged(number, problem))?;
            complete += line.len() as u64;
        }
        let truncated = self.file.set_len(complete).and_then(|()| self.file.seek(SeekFrom::Start(complete)));
        truncated.map_err(|e| self.failed(e))?;
        Ok(())
    }

    /// The differences between the job in a header line and this job.
    fn job_differences(&self, line: &[u8], header: &str) -> Result<Vec<String>, JournalError> {
        let open = |line: &[u8]| {
            let line = line.strip_suffix(b"\n").unwrap_or(line);
            parse_checksummed_line::<Header<Value>>(HEADER, line).map_err(|e| self.damaged(1, e.to_string()))
        };
        Ok(option_differences(&open(line)?.job, &open(header.as_bytes())?.job))
    }

    fn begin(&mut self, header: &str) -> Result<(), JournalError> {
        let mut begin = || {
            self.file.set_len(0)?;
            self.file.seek(SeekFrom::Start(0))?;
            self.file.write_all(format!("{header}\n").as_bytes())?;
            self.file.sync_all()
        };
        begin().map_err(|e| self.failed(e))
    }

    fn next_line(&self, reader: &mut impl BufRead, line: &mut Vec<u8>) -> Result<usize, JournalError> {
        line.clear();
        reader.read_until(b'\n', line).map_err(|e| self.failed(e))
    }

    fn entry(&self, number: usize, line: &[u8]) -> Result<E, JournalError> {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        parse_checksummed_line(ENTRY, line).map_err(|e| self.damaged(number, e.to_string()))
    }

    fn to_line<T: Serialize>(&self, purpose: &str, value: &T) -> Result<String, JournalError> {
        checksummed_line(purpose, value).map_err(|e| self.failed(e.into()))
    }

    fn damaged(&self, line: usize, problem: String) -> JournalError {
        JournalError::Damaged { path: self.path.clone(), line, problem }
    }

    fn failed(&self, problem: io::Error) -> JournalError {
        JournalError::Io { path: self.path.clone(), problem }
    }

    /// Appends entries with a single write.
    ///
    /// # Errors
    /// An entry cannot be serialised to JSON, and I/O errors.
    pub fn append(&mut self, entries: &[E]) -> Result<(), JournalError> {
        let mut lines = String::new();
        for entry in entries {
            lines += &self.to_line(ENTRY, entry)?;
            lines.push('\n');
        }
        let mut write = || {
            self.file.write_all(lines.as_bytes())?;
            if self.synced.elapsed() > SYNC_INTERVAL {
                self.file.sync_data()?;
                self.synced = Instant::now();
            }
            Ok(())
        };
        write().map_err(|problem| JournalError::Append { path: self.path.clone(), problem })
    }

    /// Syncs the journal to disk.
    ///
    /// # Errors
    /// I/O errors.
    pub fn sync(&self) -> Result<(), JournalError> {
        self.file.sync_all().map_err(|e| self.failed(e))
    }

    /// Syncs the journal to disk and calls `visit` with each entry, in the order in which they were appended.
    ///
    /// # Errors
    /// A damaged line, an error of `visit`, and I/O errors.
    pub fn read<X: From<JournalError>>(&mut self, mut visit: impl FnMut(E) -> Result<(), X>) -> Result<(), X> {
        self.sync()?;
        self.file.rewind().map_err(|e| self.failed(e))?;
        let mut reader = BufReader::new(&self.file);
        let mut line = Vec::new();
        for number in 1_usize.. {
            if self.next_line(&mut reader, &mut line)? == 0 {
                break;
            }
            if number > 1 {
                visit(self.entry(number, &line)?)?;
            }
        }
        Ok(())
    }

    /// Removes the file. Call it after the results have been written elsewhere.
    ///
    /// # Errors
    /// I/O errors.
    pub fn remove(self) -> Result<(), JournalError> {
        std::fs::remove_file(&self.path).map_err(|e| self.failed(e))
    }
}
