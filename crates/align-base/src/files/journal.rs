//! The results of a long job, kept a line each as they come, so that a job that was killed goes on where it stopped.

use super::{JournalError, seal, unseal};
use crate::differences;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How a header begins, and no other file.
const MAGIC: &[u8] = b"{\"value\":{\"align_journal\":2,\"job\":";
/// How that of an earlier version began, whose lines had no digests.
const EARLIER: &[u8] = b"{\"align_journal\":1,\"job\":";
/// What the digests are of.
const HEADER: &str = "align journal: header";
const ENTRY: &str = "align journal: entry";

/// The longest time that entries are not on the disk.
const SYNC: Duration = Duration::from_secs(5);

/// A journal of entries `E` that no other process writes to.
///
/// The first line says what the job is. Each further one is an entry, and each line has a digest of itself ([`seal`]). Entries are in
/// the system's hands once they are appended, which a killed process does not change; they are on the disk some seconds later, which
/// a power cut may. A last line without an end is one that was cut: it is dropped.
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
    /// Opens the journal of this job, or begins it. `found` is given each entry that is there, and says why the job cannot have
    /// written it. A journal of another job that has entries is refused, or dropped where `anew`.
    ///
    /// # Errors
    /// Another job's journal, one that another process writes to, a damaged line, anything else under that name, or the system
    /// refuses.
    pub fn open<J: Serialize + ?Sized>(
        path: &Path,
        job: &J,
        anew: bool,
        found: impl FnMut(&E) -> Result<(), String>,
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
        // A file system without locks is no reason to stop.
        if let Err(TryLockError::WouldBlock) = file.try_lock() {
            return Err(JournalError::Taken { path: path.to_owned() });
        }
        let mut journal = Self { path: path.to_owned(), file, synced: Instant::now(), entries: PhantomData };
        let header = journal.sealed(HEADER, &Header { align_journal: 2, job })?;
        journal.take_up(&header, anew, found)?;
        Ok(journal)
    }

    /// Where it stands.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads what is there, and leaves the file at the end of its last whole line.
    fn take_up(
        &mut self,
        header: &str,
        anew: bool,
        mut found: impl FnMut(&E) -> Result<(), String>,
    ) -> Result<(), JournalError> {
        let mut reader = BufReader::new(self.file.try_clone().map_err(|e| self.failed(e))?);
        let mut line = Vec::new();
        self.next_line(&mut reader, &mut line)?;
        if line.starts_with(EARLIER) && !anew {
            return Err(JournalError::Earlier { path: self.path.clone() });
        }
        let begins_alike = line.starts_with(EARLIER) || line.iter().zip(MAGIC).all(|(a, b)| a == b);
        if !begins_alike || (line.ends_with(b"\n") && line.len() <= MAGIC.len()) {
            return Err(JournalError::Foreign { path: self.path.clone() });
        }
        // A run that was killed before its header was whole has no entries.
        if !line.ends_with(b"\n") || line.starts_with(EARLIER) {
            return self.begin(header);
        }
        let others = self.other_job(&line, header)?;
        let mut whole = line.len() as u64;
        if !others.is_empty() {
            self.next_line(&mut reader, &mut line)?;
            if line.ends_with(b"\n") && !anew {
                return Err(JournalError::OtherJob { path: self.path.clone(), differences: others });
            }
            return self.begin(header);
        }
        for number in 2_usize.. {
            self.next_line(&mut reader, &mut line)?;
            if !line.ends_with(b"\n") {
                break;
            }
            let entry = self.entry(number, &line)?;
            found(&entry).map_err(|problem| self.damaged(number, problem))?;
            whole += line.len() as u64;
        }
        let cut = self.file.set_len(whole).and_then(|()| self.file.seek(SeekFrom::Start(whole)));
        cut.map_err(|e| self.failed(e))?;
        Ok(())
    }

    /// In what the job of a header line differs from ours.
    fn other_job(&self, line: &[u8], header: &str) -> Result<Vec<String>, JournalError> {
        let open = |line: &[u8]| {
            let line = line.strip_suffix(b"\n").unwrap_or(line);
            unseal::<Header<Value>>(HEADER, line).map_err(|e| self.damaged(1, e.to_string()))
        };
        Ok(differences(&open(line)?.job, &open(header.as_bytes())?.job))
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
        unseal(ENTRY, line).map_err(|e| self.damaged(number, e.to_string()))
    }

    fn sealed<T: Serialize>(&self, purpose: &str, value: &T) -> Result<String, JournalError> {
        seal(purpose, value).map_err(|e| self.failed(e.into()))
    }

    fn damaged(&self, line: usize, problem: String) -> JournalError {
        JournalError::Damaged { path: self.path.clone(), line, problem }
    }

    fn failed(&self, problem: io::Error) -> JournalError {
        JournalError::Io { path: self.path.clone(), problem }
    }

    /// Appends entries, all at once.
    ///
    /// # Errors
    /// An entry that JSON cannot hold, or the system refuses.
    pub fn append(&mut self, entries: &[E]) -> Result<(), JournalError> {
        let mut lines = String::new();
        for entry in entries {
            lines += &self.sealed(ENTRY, entry)?;
            lines.push('\n');
        }
        let mut write = || {
            self.file.write_all(lines.as_bytes())?;
            if self.synced.elapsed() > SYNC {
                self.file.sync_data()?;
                self.synced = Instant::now();
            }
            Ok(())
        };
        write().map_err(|problem| JournalError::Append { path: self.path.clone(), problem })
    }

    /// Puts all on the disk.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn sync(&self) -> Result<(), JournalError> {
        self.file.sync_all().map_err(|e| self.failed(e))
    }

    /// Puts all on the disk and reads it back, in the order in which it was appended.
    ///
    /// # Errors
    /// A damaged line, an error of `take`, or the system refuses.
    pub fn read<X: From<JournalError>>(&mut self, mut take: impl FnMut(E) -> Result<(), X>) -> Result<(), X> {
        self.sync()?;
        self.file.rewind().map_err(|e| self.failed(e))?;
        let mut reader = BufReader::new(&self.file);
        let mut line = Vec::new();
        for number in 1_usize.. {
            if self.next_line(&mut reader, &mut line)? == 0 {
                break;
            }
            if number > 1 {
                take(self.entry(number, &line)?)?;
            }
        }
        Ok(())
    }

    /// Removes the file, once what was made of it is there.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn remove(self) -> Result<(), JournalError> {
        std::fs::remove_file(&self.path).map_err(|e| self.failed(e))
    }
}
