//! The folder of a sweep: its options, and one file per finished stage, written atomically and with a digest.

use crate::{Error, Result};
use align_base::files::{
    EntryStatus, FolderLock, Hasher, LockError, Ownership, UNFINISHED_PREFIX, checksummed_line, lock_folder,
    parse_checksummed_line, remove_unfinished,
};
use align_base::option_differences;
use align_distributed::ProcessGroup;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const OPTIONS_FILE: &str = "sweep.json";
const POINTS_FOLDER: &str = "points";
/// Largest stage file that is read, in bytes.
const MAX_FILE_BYTES: u64 = 1 << 30;
const REMEDY: &str = "delete it to repeat its stage";
const OPTIONS_REMEDY: &str = "delete it and run the same command again";
/// Output files that are written from the finished points.
const OUTPUTS: [&str; 6] = [
    "frontier.csv",
    "reward_against_kl.svg",
    "reward_against_kl.png",
    "reward_against_entropy.svg",
    "reward_against_entropy.png",
    "report.html",
];

/// The folder of a sweep, locked against other processes.
///
/// The processes of a group share out the points of a sweep. Rank 0 alone has the lock, and reads and writes the files.
#[derive(Debug)]
pub struct SweepFolder {
    folder: PathBuf,
    /// Digest of the sweep's options.
    sweep: String,
    /// Records which output files were written by the sweep.
    outputs: Ownership,
    _lock: Option<FolderLock>,
    group: Arc<ProcessGroup>,
}

impl SweepFolder {
    /// Opens or creates the folder of the sweep with these options.
    ///
    /// # Errors
    /// When the folder holds another sweep (the message names the differences) or other files, is locked by another
    /// process, or cannot be accessed.
    pub fn open(folder: &Path, options: &Value) -> Result<Self> {
        let begun = folder.join(OPTIONS_FILE).exists();
        if !begun && has_foreign_files(folder) {
            let problem = "exists and does not contain a sweep: choose a new --output-dir".to_owned();
            return Err(Error::Folder { folder: folder.to_owned(), problem });
        }
        let points = folder.join(POINTS_FOLDER);
        fs::create_dir_all(&points).map_err(|e| file_error(&points, &e))?;
        let lock = lock_folder(folder).map_err(|e| match e {
            LockError::Taken => {
                let problem = "another process is using it: wait until it ends".to_owned();
                Error::Folder { folder: folder.to_owned(), problem }
            }
            LockError::Open(e) => file_error(folder, &e),
        })?;
        if lock.is_some() {
            [folder, &points]
                .into_iter()
                .try_for_each(|dir| remove_unfinished(dir).map_err(|e| file_error(dir, &e)))?;
        }
        let opened = Self {
            folder: folder.to_owned(),
            sweep: digest_of_options(options),
            outputs: Ownership::of(folder),
            _lock: lock,
            group: Arc::new(ProcessGroup::single()),
        };
        OUTPUTS.iter().try_for_each(|name| opened.check_owned(name))?;
        match opened.read_file::<Value>(&folder.join(OPTIONS_FILE))? {
            None => opened.write_file(&folder.join(OPTIONS_FILE), options)?,
            Some(found) => {
                let differences = option_differences(&found, options);
                if !differences.is_empty() {
                    return Err(Error::OtherSweep { folder: folder.to_owned(), differences });
                }
            }
        }
        Ok(opened)
    }

    /// Opens or creates the folder of a sweep whose points the processes of a group share out.
    ///
    /// # Errors
    /// The errors of [`open`](Self::open) in rank 0, and processes with other options.
    pub fn open_in_group(folder: &Path, options: &Value, group: Arc<ProcessGroup>) -> Result<Self> {
        let opened = group.on_rank_0(|| Self::open(folder, options))?;
        let sweep = digest_of_options(options);
        let all: Vec<String> = group.all_gather_objects(&sweep)?;
        if let Some(rank) = all.iter().position(|other| Some(other) != all.first()) {
            let problem = format!(
                "the sweep of rank {rank} is not that of rank 0: start all with the same options, models and versions"
            );
            return Err(Error::Folder { folder: folder.to_owned(), problem });
        }
        Ok(match opened {
            Some(opened) => Self { group, ..opened },
            None => Self { folder: folder.to_owned(), sweep, outputs: Ownership::of(folder), _lock: None, group },
        })
    }

    /// The processes that share out the sweep.
    pub(crate) fn group(&self) -> &ProcessGroup {
        &self.group
    }

    /// The result of a stage: as it was saved, or as rank 0 computes and saves it. All processes get it.
    pub(crate) fn saved_or<T: Serialize + DeserializeOwned>(
        &self,
        name: &str,
        compute: impl FnOnce() -> Result<T>,
    ) -> Result<T> {
        self.group.result_of_rank_0(|| {
            if let Some(saved) = self.read(name)? {
                return Ok(saved);
            }
            let computed = compute()?;
            self.write(name, &computed)?;
            Ok(computed)
        })
    }

    /// The sweep's folder.
    pub fn path(&self) -> &Path {
        &self.folder
    }

    /// Whether a stage is finished.
    pub fn contains(&self, name: &str) -> bool {
        self.stage(name).exists()
    }

    /// The result of a stage, if it is finished.
    ///
    /// # Errors
    /// When the file cannot be read or is damaged.
    pub fn read<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>> {
        self.read_file(&self.stage(name))
    }

    /// Writes the result of a stage atomically.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write<T: Serialize>(&self, name: &str, result: &T) -> Result<()> {
        self.write_file(&self.stage(name), result)
    }

    /// Writes an output file, replacing an earlier one of the sweep.
    ///
    /// # Errors
    /// When a file of this name was not written by the sweep, or the file cannot be written.
    pub fn write_output(&self, name: &str, bytes: &[u8]) -> Result<()> {
        self.check_owned(name)?;
        let path = self.folder.join(name);
        let write = || {
            self.outputs.own_bytes(name, bytes)?;
            align_base::files::write_file(&path, true, |file| file.write_all(bytes))
        };
        write().map_err(|e| file_error(&path, &e))
    }

    fn check_owned(&self, name: &str) -> Result<()> {
        let path = self.folder.join(name);
        match self.outputs.status(name).map_err(|e| file_error(&path, &e))? {
            EntryStatus::Absent | EntryStatus::Own => Ok(()),
            _ => {
                let problem = "was not written by this sweep and would be replaced: move it away".to_owned();
                Err(Error::File { path, problem })
            }
        }
    }

    fn stage(&self, name: &str) -> PathBuf {
        self.folder.join(POINTS_FOLDER).join(format!("{name}.json"))
    }

    /// The context of a file's digest: the file name and, for stages, the sweep's options. A file of another sweep or
    /// stage is thus rejected.
    fn digest_context(&self, path: &Path) -> String {
        let of = if path.ends_with(OPTIONS_FILE) { "" } else { &self.sweep };
        format!("align sweep 2: {}: {of}", path.file_name().unwrap_or_default().to_string_lossy())
    }

    fn read_file<T: DeserializeOwned>(&self, path: &Path) -> Result<Option<T>> {
        let bytes = match align_base::files::read_file(path, MAX_FILE_BYTES) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            read => read.map_err(|e| file_error(path, &e))?,
        };
        let damaged = |problem: String| {
            let remedy = if path.ends_with(OPTIONS_FILE) { OPTIONS_REMEDY } else { REMEDY };
            Error::File { path: path.to_owned(), problem: format!("damaged: {problem}; {remedy}") }
        };
        let line = bytes.strip_suffix(b"\n").ok_or_else(|| damaged("it is truncated".to_owned()))?;
        parse_checksummed_line(&self.digest_context(path), line).map(Some).map_err(|e| damaged(e.to_string()))
    }

    fn write_file<T: Serialize>(&self, path: &Path, result: &T) -> Result<()> {
        let text = checksummed_line(&self.digest_context(path), result)
            .map_err(|e| Error::File { path: path.to_owned(), problem: format!("cannot be written: {e}") })?;
        align_base::files::write_file(path, true, |file| writeln!(file, "{text}")).map_err(|e| file_error(path, &e))
    }
}

fn digest_of_options(options: &Value) -> String {
    Hasher::new("sweep").part(options.to_string().as_bytes()).digest()
}

fn file_error(path: &Path, problem: &std::io::Error) -> Error {
    Error::File { path: path.to_owned(), problem: problem.to_string() }
}

/// Whether a folder has files that are not from a sweep. The options file may be missing if the process was killed
/// before writing it, or if it was damaged and deleted.
fn has_foreign_files(folder: &Path) -> bool {
    let ours = |name: &str| name == POINTS_FOLDER || name.starts_with(UNFINISHED_PREFIX);
    let holds_points = fs::read_dir(folder.join(POINTS_FOLDER)).is_ok_and(|mut entries| entries.next().is_some());
    match fs::read_dir(folder) {
        Ok(_) if holds_points => false,
        Ok(mut entries) => entries.any(|entry| !entry.is_ok_and(|e| ours(&e.file_name().to_string_lossy()))),
        Err(_) => folder.exists(),
    }
}
