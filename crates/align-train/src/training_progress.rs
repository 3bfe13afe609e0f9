//! How far a trainer is.

use crate::objective::Objective;
use crate::{EvaluationRecord, StepRecord, Trainer};

impl<O: Objective> Trainer<O> {
    /// Completed optimiser steps.
    pub fn step(&self) -> u64 {
        self.step
    }

    /// Whether the run is finished: it has reached its last step, or an observer has finished it.
    pub fn is_finished(&self) -> bool {
        self.step >= self.schedule.total_steps || self.finished_early
    }

    /// The mean of the steps since the last line of the metrics file; right after such a line, the mean that it contains. Step, epoch,
    /// token count and learning rate are those of the last step. `None` before the first step.
    pub fn mean_since_last_log(&self) -> Option<StepRecord> {
        self.history.window_mean().map(|window| window.mean)
    }

    /// Whether a line of the metrics file is due after the current step: every `logging_steps` steps.
    pub fn is_logging_step(&self) -> bool {
        self.step.is_multiple_of(self.training().logging_steps)
    }

    /// The evaluations that [`Trainer::train`] has made so far, including those before a resume.
    pub fn evaluations(&self) -> &[EvaluationRecord] {
        &self.history.evaluations
    }

    /// Optimiser steps of the whole run.
    pub fn total_steps(&self) -> u64 {
        self.schedule.total_steps
    }

    /// Completed epochs. The fraction is the number of batches seen in this epoch over the batches per epoch.
    pub fn epoch(&self) -> f64 {
        let (steps, batches) = (self.steps_per_epoch(), self.training().batches_per_epoch(self.train.len()));
        let batches_per_step = self.training().gradient_accumulation_steps as u64;
        let seen = (self.step % steps).saturating_mul(batches_per_step).min(batches);
        (self.step / steps) as f64 + seen as f64 / batches as f64
    }

    /// Optimiser steps per epoch.
    pub fn steps_per_epoch(&self) -> u64 {
        self.training().steps_per_epoch(self.train.len())
    }

    /// The bytes of the optimiser's state in this process.
    pub fn optimizer_bytes(&self) -> usize {
        self.optimizer.state().map(|(_, tensor)| tensor.numel() * tensor.kind().elt_size_in_bytes()).sum()
    }
}
