use crate::checkpoint_names::is_checkpoint_name;
use crate::{Error, Result, legacy_run};
use align_base::files::{
    EntryStatus, FolderLock, LockError, Ownership, is_inside, is_same_file, lock_folder, remove_leftovers,
    replace_folder, write_file,
};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The folder of a run. Only one process at a time can write to it.
///
/// Files and folders are written atomically, so a killed process leaves no partial ones. The file `run.json` records which files the run
/// has written. Only those are ever replaced or removed. Opening a folder that has other files with the names of a run's files is an
/// error.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
    owner: Ownership,
    /// The lock is released when the process ends, even if it is killed.
    _lock: Option<FolderLock>,
}

impl RunFolder {
    /// The options of the run.
    pub const CONFIG: &'static str = "config.toml";
    /// The metrics file.
    pub const METRICS: &'static str = "metrics.jsonl";
    /// Texts that the policy generates at evaluations.
    pub const SAMPLES: &'static str = "samples.jsonl";
    /// The texts and the summaries of the rounds of on-policy training.
    pub const ROUNDS: &'static str = "rounds.jsonl";
    /// The folder of the trained model.
    pub const MODEL: &'static str = "model";
    /// The tokeniser that was trained for the run.
    pub const TOKENIZER: &'static str = "tokenizer";
    /// The run on an MLflow server, by which it is found again.
    pub const MLFLOW: &'static str = "mlflow.json";
    /// The HTML report.
    pub const REPORT: &'static str = "report.html";

    /// Creates the folder if it does not exist, locks it for this process, and removes partial files of a killed process.
    ///
    /// The files of a run by an earlier version, which did not record them, are adopted, except its model and its report, which cannot be
    /// attributed to it. On file systems without locks nothing is removed, because another process may be writing.
    ///
    /// # Errors
    /// A folder that another process uses, that cannot be created or read, or that has files with the names of a run's files that the run
    /// did not write (the error lists them).
    pub fn open(path: &Path) -> Result<Self> {
        let fail = |reason: String| Error::Output { path: path.to_owned(), reason };
        let system = |e: io::Error| fail(e.to_string());
        std::fs::create_dir_all(path).map_err(system)?;
        let lock = lock_folder(path).map_err(|e| match e {
            LockError::Taken => fail("another run is using it: wait until it ends, or choose another folder".into()),
            LockError::Open(e) => fail(e.to_string()),
        })?;
        let owner = Ownership::of(path);
        let adopted = if owner.has_record().map_err(system)? {
            Vec::new()
        } else {
            legacy_run::names(path, Self::METRICS, &[Self::CONFIG, Self::SAMPLES, Self::TOKENIZER])?
        };
        check_no_foreign_files(path, &owner, &adopted)?;
        owner.begin(&adopted).map_err(system)?;
        if lock.is_some() {
            remove_leftovers(path)
                .map_err(|e| fail(format!("the partial files of a killed run cannot be removed: {e}")))?;
        }
        Ok(Self { path: path.to_owned(), owner, _lock: lock })
    }

    /// Checks that a new run could be started in a folder, which need not exist, without writing to it.
    ///
    /// # Errors
    /// A folder with a run or with files that a run would replace.
    pub fn check_new(path: &Path) -> Result<()> {
        if path.join(Self::METRICS).exists() && has_begun(path)? {
            return Err(Self::contains_run_error(path));
        }
        if path.exists() { check_no_foreign_files(path, &Ownership::of(path), &[]) } else { Ok(()) }
    }

    /// Whether the run in the folder has logged a step or written a checkpoint. One that has not, because it failed before, has nothing to
    /// lose, and a new run may take its place.
    ///
    /// # Errors
    /// File system errors.
    pub(crate) fn has_begun(&self) -> Result<bool> {
        has_begun(&self.path)
    }

    /// The error for a new run in a folder that contains one.
    pub(crate) fn contains_run_error(path: &Path) -> Error {
        let reason = "already contains a run: choose another folder, or resume that run (--resume)".to_owned();
        Error::Output { path: path.to_owned(), reason }
    }

    /// The path of the folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the folder contains a run.
    ///
    /// # Errors
    /// File system errors.
    pub fn contains_run(&self) -> Result<bool> {
        Ok(self.status(Self::METRICS)? == EntryStatus::Own)
    }

    /// The folder of the trained model, if the run in the folder `run` is finished: it has written its model, and its report is the
    /// last file that a run writes.
    ///
    /// # Errors
    /// File system errors.
    #[cfg(feature = "report")]
    pub fn finished_model(run: &Path) -> Result<Option<PathBuf>> {
        let owner = Ownership::of(run);
        for name in [Self::MODEL, Self::REPORT] {
            let status =
                owner.status(name).map_err(|e| Error::Output { path: run.join(name), reason: e.to_string() })?;
            if status != EntryStatus::Own {
                return Ok(None);
            }
        }
        Ok(Some(run.join(Self::MODEL)))
    }

    /// Registers a file that the run appends to, and returns its path.
    ///
    /// # Errors
    /// A file that the run did not write, or file system errors.
    pub fn append_file(&self, name: &str) -> Result<PathBuf> {
        self.check_replaceable(name)?;
        self.owner.own_growing(name).map_err(|e| self.fail(name, e))?;
        Ok(self.path.join(name))
    }

    /// Writes a file, and replaces the one that the run has written before.
    ///
    /// # Errors
    /// A file that the run did not write, or errors of `write` or the file system.
    pub fn write_file(&self, name: &str, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
        self.check_replaceable(name)?;
        let mut bytes = Vec::new();
        let write_owned = || {
            write(&mut bytes)?;
            self.owner.own_bytes(name, &bytes)?;
            write_file(&self.path.join(name), true, |file| file.write_all(&bytes))
        };
        write_owned().map_err(|e| self.fail(name, e))
    }

    /// Writes a folder, and replaces the one that the run has written before. `write` gets an empty temporary folder. If something else
    /// has been put under this name during the run, it is kept, and the folder gets the first free name of `NAME-2`, `NAME-3` and so on.
    /// Returns the path of the folder.
    ///
    /// # Errors
    /// Errors of `write` or the file system.
    pub fn replace_folder(&self, name: &str, write: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
        let name = self.free_name(name)?;
        let path = self.path.join(&name);
        replace_folder(
            &path,
            |e| self.fail(&name, e),
            |temporary| {
                write(temporary)?;
                self.owner.own(&name, temporary).map_err(|e| self.fail(&name, e))
            },
        )?;
        Ok(path)
    }

    /// Checks that a run in the folder `run` would not overwrite the path `input` of the option `option`.
    ///
    /// # Errors
    /// An input that the run would overwrite, or an input folder that contains the run folder. The error names both paths.
    pub fn check_input(run: &Path, option: &str, input: &Path) -> Result<()> {
        let fail = |reason: String| Err(Error::Output { path: run.to_owned(), reason });
        if input.is_dir() && is_inside(run, input) {
            let input = input.display();
            return fail(format!("the run would write into {input}, the folder of {option}: choose another folder"));
        }
        let (Ok(absolute), Ok(run)) = (std::path::absolute(input), std::path::absolute(run)) else { return Ok(()) };
        // Neither path needs to exist yet.
        let is_run = |folder: &Path| folder == run || is_same_file(folder, &run);
        let inside = absolute.ancestors().find(|path| path.parent().is_some_and(is_run));
        let name = inside.and_then(Path::file_name);
        match name.and_then(|name| name.to_str()).filter(|name| Self::is_run_file(name)) {
            Some(name) => {
                let input = input.display();
                fail(format!("option {option}: the run would overwrite {input} with its {name}: choose another folder"))
            }
            None => Ok(()),
        }
    }

    /// Whether a run writes files or folders with this name.
    pub(crate) fn is_run_file(name: &str) -> bool {
        let fixed = [
            Ownership::FILE,
            Self::CONFIG,
            Self::METRICS,
            Self::SAMPLES,
            Self::ROUNDS,
            Self::MODEL,
            Self::TOKENIZER,
            Self::MLFLOW,
            Self::REPORT,
        ];
        fixed.contains(&name) || is_checkpoint_name(name)
    }

    fn free_name(&self, name: &str) -> Result<String> {
        let names = std::iter::once(name.to_owned()).chain((2..u64::MAX).map(|number| format!("{name}-{number}")));
        for candidate in names {
            if matches!(self.status(&candidate)?, EntryStatus::Absent | EntryStatus::Own) {
                return Ok(candidate);
            }
            let path = self.path.join(&candidate);
            tracing::warn!(path = %path.display(), "is kept: it was created or changed by something else during the run");
        }
        Ok(name.to_owned())
    }

    fn check_replaceable(&self, name: &str) -> Result<()> {
        match self.status(name)? {
            EntryStatus::Absent | EntryStatus::Own => Ok(()),
            other => {
                Err(Error::Output { path: self.path.join(name), reason: format!("{}: move it away", describe(other)) })
            }
        }
    }

    fn status(&self, name: &str) -> Result<EntryStatus> {
        self.owner.status(name).map_err(|e| self.fail(name, e))
    }

    fn fail(&self, name: &str, error: io::Error) -> Error {
        Error::Output { path: self.path.join(name), reason: error.to_string() }
    }
}

/// Whether a folder has a metrics file with a line, or a checkpoint.
fn has_begun(folder: &Path) -> Result<bool> {
    let fail = |e: io::Error| Error::Output { path: folder.to_owned(), reason: e.to_string() };
    if std::fs::metadata(folder.join(RunFolder::METRICS)).is_ok_and(|file| file.len() > 0) {
        return Ok(true);
    }
    for entry in std::fs::read_dir(folder).map_err(fail)? {
        if is_checkpoint_name(&entry.map_err(fail)?.file_name().to_string_lossy()) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Checks that a folder has no file with the name of a run's file that the run did not write, except for those that are `adopted`.
fn check_no_foreign_files(folder: &Path, owner: &Ownership, adopted: &[String]) -> Result<()> {
    let fail = |reason: String| Error::Output { path: folder.to_owned(), reason };
    let mut others = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|e| fail(e.to_string()))? {
        let name = entry.map_err(|e| fail(e.to_string()))?.file_name().to_string_lossy().into_owned();
        if name == Ownership::FILE || !RunFolder::is_run_file(&name) {
            continue;
        }
        match owner.status(&name).map_err(|e| fail(format!("{name}: {e}")))? {
            EntryStatus::Foreign if adopted.contains(&name) => {}
            // A changed checkpoint is not removed, and resuming from it is an error.
            EntryStatus::Changed if is_checkpoint_name(&name) => {}
            EntryStatus::Absent | EntryStatus::Own => {}
            other => others.push(format!("{name} ({})", describe(other))),
        }
    }
    others.sort();
    if others.is_empty() {
        return Ok(());
    }
    let all = others.join(", ");
    Err(fail(format!(
        "the run would replace or remove files that it did not write: {all}. Move them away, or choose another folder"
    )))
}

fn describe(status: EntryStatus) -> &'static str {
    match status {
        EntryStatus::Link => "a link",
        EntryStatus::Changed => "changed since the run wrote it",
        _ => "not written by this run",
    }
}
