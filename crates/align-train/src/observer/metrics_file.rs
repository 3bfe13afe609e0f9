use super::{Flow, Observer};
use crate::objective::Objective;
use crate::{Error, EvaluationRecord, Metrics, Result, StepRecord, Trainer};
use serde::Serialize;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

/// Writes a run's records as JSON lines: the mean of every `logging_steps` steps, and each evaluation.
#[derive(Debug)]
pub struct MetricsFile {
    path: PathBuf,
    file: File,
    window: Vec<StepRecord>,
}

impl MetricsFile {
    /// A new file.
    ///
    /// # Errors
    /// A file of that name that exists already.
    pub fn create(path: &Path) -> Result<Self> {
        let file = OpenOptions::new().write(true).create_new(true).open(path);
        Self::new(path, file)
    }

    /// Goes on with the file of a run that is resumed after `step` steps: lines of later steps are dropped, and a new file
    /// is begun where there is none.
    ///
    /// # Errors
    /// A file that cannot be read or written.
    pub fn resume(path: &Path, step: u64) -> Result<Self> {
        let fail = |e: std::io::Error| output_error(path, &e);
        let mut kept = Vec::new();
        if path.exists() {
            for line in BufReader::new(File::open(path).map_err(fail)?).lines() {
                let line = line.map_err(fail)?;
                let at = serde_json::from_str::<serde_json::Value>(&line).ok().and_then(|v| v.get("step")?.as_u64());
                if at.is_some_and(|at| at <= step) {
                    kept.push(line);
                }
            }
        }
        let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut file = tempfile::NamedTempFile::new_in(dir).map_err(fail)?;
        for line in kept {
            writeln!(file, "{line}").map_err(fail)?;
        }
        file.as_file().sync_all().map_err(fail)?;
        file.persist(path).map_err(|e| output_error(path, &e.error))?;
        Self::new(path, OpenOptions::new().append(true).open(path))
    }

    fn new(path: &Path, file: std::io::Result<File>) -> Result<Self> {
        let file = file.map_err(|e| output_error(path, &e))?;
        Ok(Self { path: path.to_owned(), file, window: Vec::new() })
    }

    fn write(&mut self, record: &impl Serialize) -> Result<()> {
        let line = serde_json::to_string(record).map_err(std::io::Error::from);
        let written = line.and_then(|line| writeln!(self.file, "{line}"));
        written.map_err(|e| output_error(&self.path, &e))
    }

    /// Writes the mean of the steps since the last line; counters, rate and position are the last step's.
    fn flush(&mut self) -> Result<()> {
        let Some(mut mean) = self.window.last().cloned() else { return Ok(()) };
        let of = |value: fn(&StepRecord) -> f64| self.window.iter().map(value).sum::<f64>() / self.window.len() as f64;
        (mean.loss, mean.grad_norm) = (of(|record| record.loss), of(|record| record.grad_norm));
        mean.metrics = Metrics::mean(self.window.iter().map(|record| &record.metrics));
        self.window.clear();
        self.write(&mean)
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
    fn on_step(&mut self, trainer: &Trainer<O>, record: &StepRecord) -> Result<Flow> {
        self.window.push(record.clone());
        if record.step.is_multiple_of(trainer.training().logging_steps) {
            self.flush()?;
        }
        Ok(Flow::Continue)
    }

    fn on_evaluation(&mut self, _: &Trainer<O>, record: &EvaluationRecord) -> Result<Flow> {
        self.write(record)?;
        Ok(Flow::Continue)
    }

    fn on_end(&mut self, _: &Trainer<O>) -> Result<()> {
        self.flush()?;
        self.file.sync_all().map_err(|e| output_error(&self.path, &e))
    }
}
