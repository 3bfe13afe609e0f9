//! Observers of a run: metrics file, checkpoints, sample texts, early stopping, stop signal.

mod checkpoint_saver;
mod early_stopping;
mod metrics_file;
mod sample_prompts;
mod sample_record;
mod sample_texts;
mod stop_signal;
#[cfg(feature = "trackers")]
mod tracker_log;
#[cfg(feature = "trackers")]
mod tracker_texts;
mod training_records;

pub use checkpoint_saver::CheckpointSaver;
pub use early_stopping::EarlyStopping;
pub use metrics_file::MetricsFile;
pub use sample_prompts::SamplePrompts;
#[cfg(any(feature = "report", feature = "trackers"))]
pub(crate) use sample_record::SampleRecord;
pub use sample_texts::SampleTexts;
pub use stop_signal::StopSignal;
#[cfg(feature = "trackers")]
pub(crate) use tracker_log::TrackerLog;
#[cfg(feature = "trackers")]
pub(crate) use tracker_texts::TrackerTexts;
pub use training_records::TrainingRecords;

use crate::objective::Objective;
use crate::{EvaluationRecord, Flow, Result, StepRecord, Trainer};
use std::path::Path;

/// Callbacks of [`Trainer::train`], like transformers' `TrainerCallback`. Observers are called in the order in which they were added.
pub trait Observer<O: Objective> {
    /// The log file that the observer appends lines to, if any. Checkpoints record its length and digest, so that a resumed run can
    /// continue it.
    fn log_file(&self) -> Option<&Path> {
        None
    }

    /// Called once before the first step, also in a resumed run. No step runs unless all observers return [`Flow::Continue`].
    ///
    /// # Errors
    /// An error ends the run.
    fn on_start(&mut self, trainer: &Trainer<O>) -> Result<Flow> {
        let _ = trainer;
        Ok(Flow::Continue)
    }

    /// Called before each optimiser step, with dropout off, such as to write the training rows of the next steps with the policy. No step
    /// follows unless all observers return [`Flow::Continue`].
    ///
    /// # Errors
    /// An error ends the run.
    fn before_step(&mut self, trainer: &mut Trainer<O>) -> Result<Flow> {
        let _ = trainer;
        Ok(Flow::Continue)
    }

    /// Called after each optimiser step, and after the evaluation at that step, if there is one.
    ///
    /// # Errors
    /// An error ends the run.
    fn on_step(&mut self, trainer: &Trainer<O>, record: &StepRecord) -> Result<Flow> {
        let _ = (trainer, record);
        Ok(Flow::Continue)
    }

    /// Called after each evaluation.
    ///
    /// # Errors
    /// An error ends the run.
    fn on_evaluation(&mut self, trainer: &Trainer<O>, record: &EvaluationRecord) -> Result<Flow> {
        let _ = (trainer, record);
        Ok(Flow::Continue)
    }

    /// Called instead of [`Observer::on_end`] if an evaluation does not have the metric `metric_for_best_model`. The run ends with that
    /// error after all observers have saved their results.
    ///
    /// # Errors
    /// Results that cannot be saved.
    fn on_failure(&mut self, trainer: &Trainer<O>) -> Result<()> {
        let _ = trainer;
        Ok(())
    }

    /// Called once after the last step or after a stop.
    ///
    /// # Errors
    /// Results that cannot be saved.
    fn on_end(&mut self, trainer: &Trainer<O>) -> Result<()> {
        let _ = trainer;
        Ok(())
    }
}
