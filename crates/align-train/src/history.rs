use crate::{EvaluationRecord, StepRecord};
use serde::{Deserialize, Serialize};

/// What a run has reported that its end still depends on; a part of its checkpoints.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct History {
    /// The steps since the last line of the metrics file; those of that line until the next step.
    pub window: Vec<StepRecord>,
    /// All evaluations of the run: the best one and early stopping follow from them.
    pub evaluations: Vec<EvaluationRecord>,
}

impl History {
    /// Takes note of a step.
    pub fn push_step(&mut self, record: StepRecord, logging_steps: u64) {
        if self.last_step().is_some_and(|last| last.step.is_multiple_of(logging_steps)) {
            self.window.clear();
        }
        self.window.push(record);
    }

    /// The last step, once there was one.
    pub fn last_step(&self) -> Option<&StepRecord> {
        self.window.last()
    }
}
