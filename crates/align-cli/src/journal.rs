//! The texts of a long job, kept as they come in `OUTPUT.partial`, so that a run that was killed goes on where it stopped.
//!
//! The first line says what the texts depend on. Each further one is a prompt's place and the token ids written behind it,
//! `{"prompt": 17, "texts": [[464, 3807]]}`, and each line has a digest of itself (`align_base::files::seal`). A batch of lines is in the system's hands once it is written, which a killed
//! process does not change; it is on the disk some seconds later, which a power cut may. A last line without an end is one
//! that was cut: it is dropped, and its batch is written again.

use crate::Failure;
use crate::job::Job;
use crate::signals::Stopped;
use align_base::files::{seal, unseal};
use align_models::differences;
use align_models::generation::Completion;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How a header begins, and no other file.
const MAGIC: &[u8] = b"{\"value\":{\"align_journal\":2,\"job\":";
/// How that of an earlier version began, whose lines had no digests.
const EARLIER: &[u8] = b"{\"align_journal\":1,\"job\":";
/// What the digests are of.
const HEADER: &str = "align journal: header";
const ENTRY: &str = "align journal: entry";

/// The longest time that texts are not on the disk.
const SYNC: Duration = Duration::from_secs(5);

/// A journal that no other process writes to.
pub struct Journal {
    path: PathBuf,
    file: File,
    synced: Instant,
    /// Texts of each prompt.
    each: usize,
    done: Vec<bool>,
}

/// What stands behind a prompt.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    pub prompt: usize,
    pub texts: Vec<Vec<i64>>,
}

#[derive(Serialize, Deserialize)]
struct Header<J> {
    align_journal: u32,
    job: J,
}

impl Journal {
    /// Where the journal of an output stands.
    pub fn beside(output: &Path) -> PathBuf {
        let mut name = output.as_os_str().to_owned();
        name.push(".partial");
        PathBuf::from(name)
    }

    /// Opens the journal of this job, or begins it. One of another job that holds texts is refused, or dropped where
    /// `anew`.
    pub fn open(output: &Path, job: &Job, anew: bool) -> Result<Self, Failure> {
        let path = Self::beside(output);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
        }
        if path.exists() && !path.is_file() {
            return Err(format!("{} is not a file: move it away, the journal goes there", path.display()).into());
        }
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
        let file = file.map_err(|e| format!("{}: {e}", path.display()))?;
        // A file system without locks is no reason to stop.
        if let Err(TryLockError::WouldBlock) = file.try_lock() {
            return Err(format!("{}: another run writes to it; wait for its end", path.display()).into());
        }
        let (each, done) = (job.generation.num_return_sequences, vec![false; job.prompts.count]);
        let mut journal = Self { path, file, synced: Instant::now(), each, done };
        let header = seal(HEADER, &Header { align_journal: 2, job })?;
        journal.take_up(&header, anew)?;
        Ok(journal)
    }

    /// Reads what is there, and leaves the file at the end of its last whole line.
    fn take_up(&mut self, header: &str, anew: bool) -> Result<(), Failure> {
        let mut reader = BufReader::new(self.file.try_clone().map_err(|e| self.failed(&e))?);
        let mut line = Vec::new();
        reader.read_until(b'\n', &mut line).map_err(|e| self.failed(&e))?;
        if line.starts_with(EARLIER) && !anew {
            let path = self.path.display();
            return Err(format!(
                "{path} is the journal of an earlier version: finish its job with that, or delete the file or give --overwrite to begin anew"
            )
            .into());
        }
        let begins_alike = line.starts_with(EARLIER) || line.iter().zip(MAGIC).all(|(a, b)| a == b);
        if !begins_alike || (line.ends_with(b"\n") && line.len() <= MAGIC.len()) {
            let path = self.path.display();
            return Err(format!("{path} is no journal of this program: move it away, the journal goes there").into());
        }
        // A run that was killed before its header was whole has no texts.
        if !line.ends_with(b"\n") || line.starts_with(EARLIER) {
            return self.begin(header);
        }
        let open = |line: &[u8]| {
            unseal::<Header<Value>>(HEADER, line.strip_suffix(b"\n").unwrap_or(line))
                .map_err(|e| self.damaged(1, &e.to_string()))
        };
        let (theirs, ours) = (open(&line)?, open(header.as_bytes())?);
        let others = differences(&theirs.job, &ours.job);
        if !others.is_empty() {
            line.clear();
            reader.read_until(b'\n', &mut line).map_err(|e| self.failed(&e))?;
            let holds_texts = line.ends_with(b"\n");
            if holds_texts && !anew {
                return Err(format!(
                    "{} holds the texts of another job: {}. Give that job's options (OMP_NUM_THREADS sets the threads) to go on with it; delete the file \
                     or give --overwrite to drop its texts",
                    self.path.display(),
                    others.join("; ")
                )
                .into());
            }
            return self.begin(header);
        }
        let mut whole = line.len() as u64;
        for number in 2_usize.. {
            line.clear();
            reader.read_until(b'\n', &mut line).map_err(|e| self.failed(&e))?;
            if !line.ends_with(b"\n") {
                break;
            }
            let prompt = self.entry(number, &line)?.prompt;
            // An entry names one of the prompts.
            self.done[prompt] = true;
            whole += line.len() as u64;
        }
        let cut = self.file.set_len(whole).and_then(|()| self.file.seek(SeekFrom::Start(whole)));
        cut.map_err(|e| self.failed(&e))?;
        Ok(())
    }

    fn begin(&mut self, header: &str) -> Result<(), Failure> {
        let mut begin = || {
            self.file.set_len(0)?;
            self.file.seek(SeekFrom::Start(0))?;
            self.file.write_all(format!("{header}\n").as_bytes())?;
            self.file.sync_all()
        };
        begin().map_err(|e| self.failed(&e))
    }

    /// A line as an entry of this job.
    fn entry(&self, number: usize, line: &[u8]) -> Result<Entry, Failure> {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let entry: Entry = unseal(ENTRY, line).map_err(|e| self.damaged(number, &e.to_string()))?;
        if entry.prompt >= self.done.len() || entry.texts.len() != self.each {
            let (prompts, each) = (self.done.len(), self.each);
            let found = format!("prompt {} with {} texts", entry.prompt, entry.texts.len());
            return Err(self.damaged(number, &format!("expected one of {prompts} prompts with {each}, found {found}")));
        }
        Ok(entry)
    }

    fn damaged(&self, number: usize, problem: &str) -> Failure {
        let path = self.path.display();
        let remedy = match number {
            1 => "Delete the file to start anew",
            _ => "Delete the line, and its texts are written again",
        };
        format!("{path}, line {number}: damaged: {problem}. {remedy}").into()
    }

    fn failed(&self, error: &std::io::Error) -> Failure {
        format!("{}: {error}", self.path.display()).into()
    }

    /// Whether the texts of a prompt are there.
    pub fn is_done(&self, prompt: usize) -> bool {
        self.done.get(prompt) == Some(&true)
    }

    /// Prompts whose texts are there.
    pub fn done(&self) -> usize {
        self.done.iter().filter(|done| **done).count()
    }

    /// Appends the completions of some prompts, those of a prompt side by side.
    pub fn append(&mut self, batch: &[Completion]) -> Result<(), Failure> {
        let mut lines = Vec::new();
        for texts in batch.chunk_by(|a, b| a.prompt == b.prompt) {
            let entry = Entry { prompt: texts[0].prompt, texts: texts.iter().map(Completion::ids_and_end).collect() };
            lines.extend(seal(ENTRY, &entry)?.into_bytes());
            lines.push(b'\n');
        }
        let mut write = || {
            self.file.write_all(&lines)?;
            if self.synced.elapsed() > SYNC {
                self.file.sync_data()?;
                self.synced = Instant::now();
            }
            Ok(())
        };
        write().map_err(|e: std::io::Error| {
            let path = self.path.display();
            format!("{path}: {e}\n  the texts before stay there: make room and run the same command again to go on")
        })?;
        batch.iter().for_each(|text| self.done[text.prompt] = true);
        Ok(())
    }

    /// Puts all on the disk and reads it back, in the order in which it was written.
    pub fn read(&mut self, mut take: impl FnMut(Entry) -> Result<(), Failure>) -> Result<(), Failure> {
        let start = self.file.sync_all().and_then(|()| self.file.rewind());
        start.map_err(|e| self.failed(&e))?;
        let mut reader = BufReader::new(&self.file);
        let mut line = Vec::new();
        for number in 1_usize.. {
            line.clear();
            if reader.read_until(b'\n', &mut line).map_err(|e| self.failed(&e))? == 0 {
                break;
            }
            if number > 1 {
                take(self.entry(number, &line)?)?;
            }
        }
        Ok(())
    }

    /// Puts all on the disk, and says where it is and how to go on.
    pub fn stopped(&self) -> Failure {
        if let Err(error) = self.file.sync_all() {
            return self.failed(&error);
        }
        let (done, all, path) = (self.done(), self.done.len(), self.path.display());
        let kept = format!("stopped after {done} of {all} prompts, whose texts are in {path}");
        Stopped(format!("{kept}: run the same command again to go on")).into()
    }

    /// Removes the journal, once its output is there.
    pub fn remove(self) -> Result<(), Failure> {
        std::fs::remove_file(&self.path).map_err(|e| self.failed(&e))
    }
}
