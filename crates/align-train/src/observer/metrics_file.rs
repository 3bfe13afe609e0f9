use super::Observer;
use crate::objective::Objective;
use crate::{Error, EvaluationRecord, Flow, Result, StepRecord, Trainer};
use serde::Serialize;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

/// Writes the records of a run as JSON Lines: the mean of every `logging_steps` steps, and each evaluation.
#[derive(Debug)]
pub struct MetricsFile {
    path: PathBuf,
    file: File,
}

impl MetricsFile {
    /// Creates a new file. That of a run that failed before its first line is taken over.
    ///
    /// # Errors
    /// A file that has lines already or cannot be created.
    pub fn create(path: &Path) -> Result<Self> {
        let is_empty = std::fs::metadata(path).is_ok_and(|file| file.is_file() && file.len() == 0);
        let file = OpenOptions::new().write(true).create_new(!is_empty).open(path);
        Self::new(path, file)
    }

    /// Continues the file of a run that `trainer` has resumed. Removes the lines of later steps, and creates the file if it does not
    /// exist.
    ///
    /// # Errors
    /// A file whose earlier lines have changed since the checkpoint, or that cannot be read or written.
    pub fn resume<O: Objective>(path: &Path, trainer: &Trainer<O>) -> Result<Self> {
        trainer.log_files.truncate_to_checkpoint(path)?;
        Self::new(path, OpenOptions::new().append(true).open(path))
    }

    fn new(path: &Path, file: std::io::Result<File>) -> Result<Self> {
        let file = file.map_err(|e| output_error(path, &e))?;
        Ok(Self { path: path.to_owned(), file })
    }

    fn write(&mut self, record: &impl Serialize) -> Result<()> {
        let line = serde_json::to_string(record).map_err(std::io::Error::from);
        let written = line.and_then(|line| writeln!(self.file, "{line}"));
        written.map_err(|e| output_error(&self.path, &e))
    }

    /// Writes the mean of the steps since the last line.
    fn write_mean<O: Objective>(&mut self, trainer: &Trainer<O>) -> Result<()> {
        trainer.mean_since_last_log().map_or(Ok(()), |mean| self.write(&mean))
    }
}

fn output_error(path: &Path, error: &std::io::Error) -> Error {
    let reason = match error.kind() {
        std::io::ErrorKind::AlreadyExists => "exists already: choose another folder, or resume its run".into(),
        _ => error.to_string(),
    };
    Error::Output { path: path.to_owned(), reason }
}

impl<O: Objective> Observer<O> for MetricsFile {
    fn log_file(&self) -> Option<&Path> {
        Some(&self.path)
    }

    fn on_step(&mut self, trainer: &Trainer<O>, _: &StepRecord) -> Result<Flow> {
        if trainer.is_logging_step() {
            self.write_mean(trainer)?;
        }
        Ok(Flow::Continue)
    }

    fn on_evaluation(&mut self, _: &Trainer<O>, record: &EvaluationRecord) -> Result<Flow> {
        self.write(record)?;
        Ok(Flow::Continue)
    }

    fn on_failure(&mut self, trainer: &Trainer<O>) -> Result<()> {
        self.on_end(trainer)
    }

    fn on_end(&mut self, trainer: &Trainer<O>) -> Result<()> {
        // If the run was stopped, these steps belong to the next line after it is resumed.
        if trainer.is_finished() && !trainer.is_logging_step() {
            self.write_mean(trainer)?;
        }
        self.file.sync_all().map_err(|e| output_error(&self.path, &e))
    }
}
