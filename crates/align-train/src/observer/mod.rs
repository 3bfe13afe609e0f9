//! What watches a run: progress, metrics, checkpoints, samples, an early stop.

mod checkpoint_saver;
mod metrics_file;
#[cfg(feature = "progress")]
mod progress_bar;
mod sample_texts;
mod stop_signal;

pub use checkpoint_saver::CheckpointSaver;
pub use metrics_file::MetricsFile;
#[cfg(feature = "progress")]
pub use progress_bar::ProgressBar;
pub use sample_texts::SampleTexts;
pub use stop_signal::StopSignal;

use crate::objective::Objective;
use crate::{EvaluationRecord, Result, StepRecord, Trainer};

/// Whether a run goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// It goes on.
    Continue,
    /// It ends after this step.
    Stop,
}

impl Flow {
    /// Stop if either says so.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        if self == Self::Stop { self } else { other }
    }
}

/// Watches a run of [`Trainer::train`]. Observers are called in the order in which they were given.
pub trait Observer<O: Objective> {
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

    /// Once, after the last step or after a stop.
    ///
    /// # Errors
    /// What makes the run's results incomplete.
    fn on_end(&mut self, trainer: &Trainer<O>) -> Result<()> {
        let _ = trainer;
        Ok(())
    }
}
