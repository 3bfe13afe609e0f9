use super::kept_lines::{keep_lines, step_of};
use super::{Flow, Observer};
use crate::objective::Objective;
use crate::{Error, EvaluationRecord, Metrics, Result, StepRecord, Trainer};
use serde::Serialize;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

/// Writes a run's records as JSON lines: the mean of every `logging_steps` steps, and each evaluation.
#[derive(Debug)]
pub struct MetricsFile {
    path: PathBuf,
    file: File,
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

    /// Goes on with the file of a run that `trainer` has resumed: later steps' lines are dropped, and a new file is begun where
    /// there is none.
    ///
    /// # Errors
    /// A file that cannot be read or written.
    pub fn resume<O: Objective>(path: &Path, trainer: &Trainer<O>) -> Result<Self> {
        let (step, every) = (trainer.step(), trainer.training().logging_steps);
        keep_lines(path, |line| {
            // A stopped run wrote the mean of too few steps at its end: they are in the next line's mean.
            let cut = line.get("loss").is_some() && step_of(line).is_some_and(|at| !at.is_multiple_of(every));
            step_of(line).is_some_and(|at| at < step || at == step && !cut)
        })?;
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

    /// Writes the mean of the steps since the last line; counters, rate and position are the last step's.
    fn write_mean(&mut self, window: &[StepRecord]) -> Result<()> {
        let Some(mut mean) = window.last().cloned() else { return Ok(()) };
        let of = |value: fn(&StepRecord) -> f64| window.iter().map(value).sum::<f64>() / window.len() as f64;
        (mean.loss, mean.grad_norm) = (of(|record| record.loss), of(|record| record.grad_norm));
        mean.metrics = Metrics::mean(window.iter().map(|record| &record.metrics));
        self.write(&mean)
    }

    fn sync(&self) -> Result<()> {
        self.file.sync_all().map_err(|e| output_error(&self.path, &e))
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
        if record.step.is_multiple_of(trainer.training().logging_steps) {
            self.write_mean(&trainer.history.window)?;
        }
        if trainer.saves_now() {
            // A resumed run writes no line again that is older than its checkpoint.
            self.sync()?;
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
        if !trainer.step().is_multiple_of(trainer.training().logging_steps) {
            self.write_mean(&trainer.history.window)?;
        }
        self.sync()
    }
}
