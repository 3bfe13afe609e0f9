//! What watches a run: progress, metrics, checkpoints, samples, early stopping, a stop from outside.

mod checkpoint_saver;
mod early_stopping;
mod kept_lines;
mod metrics_file;
#[cfg(feature = "progress")]
mod progress_bar;
mod sample_texts;
mod stop_signal;
mod training_records;

pub use checkpoint_saver::CheckpointSaver;
pub use early_stopping::EarlyStopping;
pub use metrics_file::MetricsFile;
#[cfg(feature = "progress")]
pub use progress_bar::ProgressBar;
pub use sample_texts::SampleTexts;
pub use stop_signal::StopSignal;
pub use training_records::TrainingRecords;

use crate::objective::Objective;
use crate::{EvaluationRecord, Result, StepRecord, Trainer};

/// Whether a run goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// It goes on.
    Continue,
    /// It is done, as if this step had been its last.
    Finish,
    /// It ends after this step and may be resumed.
    Stop,
}

impl Flow {
    /// What holds when one observer says this and another that: a stop before a finish, a finish before going on.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Stop, _) | (_, Self::Stop) => Self::Stop,
            (Self::Finish, _) | (_, Self::Finish) => Self::Finish,
            (Self::Continue, Self::Continue) => Self::Continue,
        }
    }
}

/// Watches a run of [`Trainer::train`]. Observers are called in the order in which they were given.
pub trait Observer<O: Objective> {
    /// Once, before the first step, of a resumed run too; unless all say [`Flow::Continue`] there is no step.
    ///
    /// # Errors
    /// What keeps the run from beginning.
    fn on_start(&mut self, trainer: &Trainer<O>) -> Result<Flow> {
        let _ = trainer;
        Ok(Flow::Continue)
    }

    /// After each optimiser step, and after the evaluation that the step may have caused.
    ///
    /// # Errors
    /// What keeps the run from going on.
    fn on_step(&mut self, trainer: &Trainer<O>, record: &StepRecord) -> Result<Flow> {
        let _ = (trainer, record);
        Ok(Flow::Continue)
    }

    /// After each evaluation.
    ///
    /// # Errors
    /// What keeps the run from going on.
    fn on_evaluation(&mut self, trainer: &Trainer<O>, record: &EvaluationRecord) -> Result<Flow> {
        let _ = (trainer, record);
        Ok(Flow::Continue)
    }

    /// In place of [`Observer::on_end`], where an evaluation lacks the metric by which the run's weights are compared: the run ends
    /// with that error, once all observers have kept what there is.
    ///
    /// # Errors
    /// What cannot be kept.
    fn on_failure(&mut self, trainer: &Trainer<O>) -> Result<()> {
        let _ = trainer;
        Ok(())
    }

    /// Once, after the last step or after a stop.
    ///
    /// # Errors
    /// What makes the run's results incomplete.
    fn on_end(&mut self, trainer: &Trainer<O>) -> Result<()> {
        let _ = trainer;
        Ok(())
    }
}
