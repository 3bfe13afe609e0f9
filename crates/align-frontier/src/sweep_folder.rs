//! The folder of a sweep: what it depends on, and a file a finished stage, each whole or not there, with its digest.

use crate::{Error, Result};
use align_base::files::{
    EntryStatus, FolderLock, Hasher, LockError, Ownership, UNFINISHED_PREFIX, checksummed_line, lock_folder,
    parse_checksummed_line, remove_unfinished,
};
use align_base::option_differences;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

const OPTIONS: &str = "sweep.json";
const POINTS: &str = "points";
/// Largest file of a stage that is read, in bytes.
const FILE_LIMIT: u64 = 1 << 30;
const REMEDY: &str = "delete it, and its stage is done again";
const REMEDY_OF_OPTIONS: &str = "delete it, and the same command writes it again";
/// What is made from the points in the end.
const OUTPUTS: [&str; 6] = [
    "frontier.csv",
    "reward_against_kl.svg",
    "reward_against_kl.png",
    "reward_against_entropy.svg",
    "reward_against_entropy.png",
    "report.html",
];

/// A sweep's folder that no other process writes to.
#[derive(Debug)]
pub struct SweepFolder {
    folder: PathBuf,
    /// Digest of what the sweep depends on.
    sweep: String,
    /// Which of the files made from the points are the sweep's own.
    outputs: Ownership,
    _lock: Option<FolderLock>,
}

impl SweepFolder {
    /// Opens the folder of the sweep with these options, or makes it.
    ///
    /// # Errors
    /// A folder that holds another sweep (the message names what differs) or something else, that another process writes
    /// to, or that the system refuses.
    pub fn open(folder: &Path, options: &Value) -> Result<Self> {
        let begun = folder.join(OPTIONS).exists();
        if !begun && holds_anything_else(folder) {
            let problem = "exists and holds no sweep: choose a new --output-dir".to_owned();
            return Err(Error::Folder { folder: folder.to_owned(), problem });
        }
        let points = folder.join(POINTS);
        fs::create_dir_all(&points).map_err(|e| failed(&points, &e))?;
        let lock = lock_folder(folder).map_err(|e| match e {
            LockError::Taken => {
                let problem = "another process writes to it: wait for its end".to_owned();
                Error::Folder { folder: folder.to_owned(), problem }
            }
            LockError::Open(e) => failed(folder, &e),
        })?;
        if lock.is_some() {
            [folder, &points].into_iter().try_for_each(|dir| remove_unfinished(dir).map_err(|e| failed(dir, &e)))?;
        }
        let opened = Self {
            folder: folder.to_owned(),
            sweep: Hasher::new("sweep").part(options.to_string().as_bytes()).digest(),
            outputs: Ownership::of(folder),
            _lock: lock,
        };
        OUTPUTS.iter().try_for_each(|name| opened.refuse_foreign(name))?;
        match opened.read_file::<Value>(&folder.join(OPTIONS))? {
            None => opened.write_file(&folder.join(OPTIONS), options)?,
            Some(found) => {
                let differences = option_differences(&found, options);
                if !differences.is_empty() {
                    return Err(Error::OtherSweep { folder: folder.to_owned(), differences });
                }
            }
        }
        Ok(opened)
    }

    /// The sweep's folder.
    pub fn path(&self) -> &Path {
        &self.folder
    }

    /// Whether a stage is done.
    pub fn holds(&self, name: &str) -> bool {
        self.stage(name).exists()
    }

    /// A stage's result, once it is done.
    ///
    /// # Errors
    /// A file that cannot be read, or in which any bit is not as it was written.
    pub fn read<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>> {
        self.read_file(&self.stage(name))
    }

    /// Keeps a stage's result, whole or not at all.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn write<T: Serialize>(&self, name: &str, result: &T) -> Result<()> {
        self.write_file(&self.stage(name), result)
    }

    /// Writes a file made from the points, in place of the sweep's own one that may stand there.
    ///
    /// # Errors
    /// What the sweep did not write stands there, or the system refuses.
    pub fn write_output(&self, name: &str, bytes: &[u8]) -> Result<()> {
        self.refuse_foreign(name)?;
        let path = self.folder.join(name);
        let write = || {
            self.outputs.own_bytes(name, bytes)?;
            align_base::files::write_file(&path, true, |file| file.write_all(bytes))
        };
        write().map_err(|e| failed(&path, &e))
    }

    fn refuse_foreign(&self, name: &str) -> Result<()> {
        let path = self.folder.join(name);
        match self.outputs.status(name).map_err(|e| failed(&path, &e))? {
            EntryStatus::Absent | EntryStatus::Own => Ok(()),
            _ => {
                let problem = "is not what this sweep wrote, and would be replaced: move it away".to_owned();
                Err(Error::File { path, problem })
            }
        }
    }

    fn stage(&self, name: &str) -> PathBuf {
        self.folder.join(POINTS).join(format!("{name}.json"))
    }

    /// What a file's digest is of besides its value: its name, and for a stage's the sweep's options, so that no other file passes
    /// for it.
    fn purpose(&self, path: &Path) -> String {
        let of = if path.ends_with(OPTIONS) { "" } else { &self.sweep };
        format!("align sweep 2: {}: {of}", path.file_name().unwrap_or_default().to_string_lossy())
    }

    fn read_file<T: DeserializeOwned>(&self, path: &Path) -> Result<Option<T>> {
        let bytes = match align_base::files::read_file(path, FILE_LIMIT) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            read => read.map_err(|e| failed(path, &e))?,
        };
        let damaged = |problem: String| {
            let remedy = if path.ends_with(OPTIONS) { REMEDY_OF_OPTIONS } else { REMEDY };
            Error::File { path: path.to_owned(), problem: format!("damaged: {problem}; {remedy}") }
        };
        let line = bytes.strip_suffix(b"\n").ok_or_else(|| damaged("its end is missing".to_owned()))?;
        parse_checksummed_line(&self.purpose(path), line).map(Some).map_err(|e| damaged(e.to_string()))
    }

    fn write_file<T: Serialize>(&self, path: &Path, result: &T) -> Result<()> {
        let text = checksummed_line(&self.purpose(path), result)
            .map_err(|e| Error::File { path: path.to_owned(), problem: format!("cannot be written: {e}") })?;
        align_base::files::write_file(path, true, |file| writeln!(file, "{text}")).map_err(|e| failed(path, &e))
    }
}

fn failed(path: &Path, problem: &std::io::Error) -> Error {
    Error::File { path: path.to_owned(), problem: problem.to_string() }
}

/// Whether a folder holds what is not left over from a sweep: one that was killed before its options were written, or whose options
/// were damaged and deleted.
fn holds_anything_else(folder: &Path) -> bool {
    let ours = |name: &str| name == POINTS || name.starts_with(UNFINISHED_PREFIX);
    let holds_points = fs::read_dir(folder.join(POINTS)).is_ok_and(|mut entries| entries.next().is_some());
    match fs::read_dir(folder) {
        Ok(_) if holds_points => false,
        Ok(mut entries) => entries.any(|entry| !entry.is_ok_and(|e| ours(&e.file_name().to_string_lossy()))),
        Err(_) => folder.exists(),
    }
}
