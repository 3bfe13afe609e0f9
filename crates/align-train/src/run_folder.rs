use crate::checkpoint_names::is_checkpoint;
use crate::{Error, Result, earlier_run};
use align_base::files::{
    EntryStatus, FolderLock, LockError, Ownership, is_inside, is_same_file, lock_folder, remove_leftovers,
    replace_folder, write_file,
};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A run's folder, which one process at a time writes.
///
/// What it writes appears whole or not at all, whenever the process is killed. Each file and folder that the run wrote is its own,
/// as the record `run.json` says, and nothing else is ever replaced or removed: a folder where others' files have the names that
/// a run writes is refused when it is opened.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
    owner: Ownership,
    /// Locked while the process lives; a killed one's lock is free.
    _lock: Option<FolderLock>,
}

impl RunFolder {
    /// The program's options.
    pub const CONFIG: &'static str = "config.toml";
    /// The run's records; a folder that has it holds a run.
    pub const METRICS: &'static str = "metrics.jsonl";
    /// Texts of the policy at evaluations.
    pub const SAMPLES: &'static str = "samples.jsonl";
    /// The trained model's folder.
    pub const MODEL: &'static str = "model";
    /// The tokeniser that was trained for the run.
    pub const TOKENIZER: &'static str = "tokenizer";
    /// The run as a page.
    pub const REPORT: &'static str = "report.html";

    /// Makes the folder if need be, takes it for this process, and removes what a killed one left half written.
    ///
    /// A run of a version that kept no record is taken over, its model and report apart: nobody can tell whose they are. Where the
    /// file system has no locks, nothing is removed: another process may be writing it.
    ///
    /// # Errors
    /// A folder that another process holds, that cannot be made or read, or that holds, under the names that a run writes, what it
    /// did not write; all such names are listed.
    pub fn open(path: &Path) -> Result<Self> {
        let fail = |reason: String| Error::Output { path: path.to_owned(), reason };
        let system = |e: io::Error| fail(e.to_string());
        std::fs::create_dir_all(path).map_err(system)?;
        let lock = lock_folder(path).map_err(|e| match e {
            LockError::Taken => fail("another run is writing it: wait for its end, or choose another folder".into()),
            LockError::Open(e) => fail(e.to_string()),
        })?;
        let owner = Ownership::of(path);
        let adopted = if owner.has_record().map_err(system)? {
            Vec::new()
        } else {
            earlier_run::names(path, Self::METRICS, &[Self::CONFIG, Self::SAMPLES, Self::TOKENIZER])?
        };
        refuse_foreign(path, &owner, &adopted)?;
        owner.begin(&adopted).map_err(system)?;
        if lock.is_some() {
            remove_leftovers(path).map_err(|e| fail(format!("what a killed run left there cannot be removed: {e}")))?;
        }
        Ok(Self { path: path.to_owned(), owner, _lock: lock })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether a run has begun in it.
    ///
    /// # Errors
    /// What the file system refuses.
    pub fn holds_a_run(&self) -> Result<bool> {
        Ok(self.status(Self::METRICS)? == EntryStatus::Own)
    }

    /// Takes the name of a file that the run appends to, and gives its path.
    ///
    /// # Errors
    /// What is not the run's own, or what the file system refuses.
    pub fn growing_file(&self, name: &str) -> Result<PathBuf> {
        self.refuse_other(name)?;
        self.owner.own_growing(name).map_err(|e| self.fail(name, e))?;
        Ok(self.path.join(name))
    }

    /// Writes a file of this name, in place of the run's own one that may stand there.
    ///
    /// # Errors
    /// What is not the run's own, or what `fill` or the file system refuses.
    pub fn write_file(&self, name: &str, fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
        self.refuse_other(name)?;
        let mut bytes = Vec::new();
        let write = || {
            fill(&mut bytes)?;
            self.owner.own_bytes(name, &bytes)?;
            write_file(&self.path.join(name), true, |file| file.write_all(&bytes))
        };
        write().map_err(|e| self.fail(name, e))
    }

    /// Makes a folder of this name with what `fill` writes into the empty one that it is given; the run's own one that stands there
    /// makes way for it. What others put there while the run went on stays: the folder gets the first free one of the names
    /// `NAME-2`, `NAME-3` and so on. Returns where it is.
    ///
    /// # Errors
    /// What `fill` or the file system refuses.
    pub fn replace_folder(&self, name: &str, fill: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
        let name = self.free_name(name)?;
        let path = self.path.join(&name);
        replace_folder(
            &path,
            |e| self.fail(&name, e),
            |scratch| {
                fill(scratch)?;
                self.owner.own(&name, scratch).map_err(|e| self.fail(&name, e))
            },
        )?;
        Ok(path)
    }

    /// Refuses an input of a run in the folder `run` that the run would write over, and a folder of inputs that the run's folder
    /// stands in; `option` is what names the input.
    ///
    /// # Errors
    /// As said; both paths are named.
    pub fn check_apart(run: &Path, option: &str, input: &Path) -> Result<()> {
        let fail = |reason: String| Err(Error::Output { path: run.to_owned(), reason });
        if input.is_dir() && is_inside(run, input) {
            let input = input.display();
            return fail(format!("the run would write into {input}, which {option} names: choose another folder"));
        }
        let (Ok(absolute), Ok(run)) = (std::path::absolute(input), std::path::absolute(run)) else { return Ok(()) };
        // Neither need be there yet.
        let is_run = |folder: &Path| folder == run || is_same_file(folder, &run);
        let inside = absolute.ancestors().find(|path| path.parent().is_some_and(is_run));
        let name = inside.and_then(Path::file_name);
        match name.and_then(|name| name.to_str()).filter(|name| is_written(name)) {
            Some(name) => {
                let input = input.display();
                fail(format!(
                    "{option} names {input}, and the run writes a {name} of its own there: choose another folder"
                ))
            }
            None => Ok(()),
        }
    }

    fn free_name(&self, name: &str) -> Result<String> {
        let names = std::iter::once(name.to_owned()).chain((2..u64::MAX).map(|number| format!("{name}-{number}")));
        for candidate in names {
            if matches!(self.status(&candidate)?, EntryStatus::Absent | EntryStatus::Own) {
                return Ok(candidate);
            }
            let path = self.path.join(&candidate);
            tracing::warn!(path = %path.display(), "stays: it was put there or changed while the run went on");
        }
        Ok(name.to_owned())
    }

    fn refuse_other(&self, name: &str) -> Result<()> {
        match self.status(name)? {
            EntryStatus::Absent | EntryStatus::Own => Ok(()),
            other => {
                Err(Error::Output { path: self.path.join(name), reason: format!("{}: move it away", in_words(other)) })
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

/// Whether a run writes files or folders of this name.
fn is_written(name: &str) -> bool {
    let fixed = [
        Ownership::FILE,
        RunFolder::CONFIG,
        RunFolder::METRICS,
        RunFolder::SAMPLES,
        RunFolder::MODEL,
        RunFolder::TOKENIZER,
        RunFolder::REPORT,
    ];
    fixed.contains(&name) || is_checkpoint(name)
}

/// Refuses a folder where a run would meet what is not its own; `adopted` is.
fn refuse_foreign(folder: &Path, owner: &Ownership, adopted: &[String]) -> Result<()> {
    let fail = |reason: String| Error::Output { path: folder.to_owned(), reason };
    let mut others = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|e| fail(e.to_string()))? {
        let name = entry.map_err(|e| fail(e.to_string()))?.file_name().to_string_lossy().into_owned();
        if name == Ownership::FILE || !is_written(&name) {
            continue;
        }
        match owner.status(&name).map_err(|e| fail(format!("{name}: {e}")))? {
            EntryStatus::Foreign if adopted.contains(&name) => {}
            // A damaged one is found when it is read, and is not pruned.
            EntryStatus::Changed if is_checkpoint(&name) => {}
            EntryStatus::Absent | EntryStatus::Own => {}
            other => others.push(format!("{name} ({})", in_words(other))),
        }
    }
    others.sort();
    if others.is_empty() {
        return Ok(());
    }
    let all = others.join(", ");
    Err(fail(format!(
        "a run would replace or remove what is not its own: {all}. Move that away, or choose another folder"
    )))
}

fn in_words(standing: EntryStatus) -> &'static str {
    match standing {
        EntryStatus::Link => "a link",
        EntryStatus::Changed => "changed since the run wrote it",
        _ => "not written by this run",
    }
}
