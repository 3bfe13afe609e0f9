use crate::batch_metrics::RowValues;
use crate::{EvaluationRecord, StepMean, StepRecord};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The logged records that later steps of a run still need. Part of a checkpoint.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct LogHistory {
    /// The steps since the last line of the metrics file. Right after a line is written, the steps of that line.
    pub window: Vec<StepRecord>,
    /// All evaluations of the run. They determine the best checkpoint and early stopping.
    pub evaluations: Vec<EvaluationRecord>,
    /// The values of the rows of the steps of `window`, if trackers show their histograms.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub window_values: RowValues,
}

impl LogHistory {
    /// Records a step.
    pub fn push_step(&mut self, record: StepRecord, row_values: RowValues, logging_steps: u64) {
        if self.last_step().is_some_and(|last| last.step.is_multiple_of(logging_steps)) {
            self.window.clear();
            self.window_values.clear();
        }
        for (name, values) in row_values {
            // JSON has neither NaN nor infinity, and histograms have none.
            let finite = values.into_iter().filter(|value| value.is_finite());
            self.window_values.entry(name).or_default().extend(finite);
        }
        self.window.push(record);
    }

    /// The mean of the steps of [`LogHistory::window`].
    pub fn window_mean(&self) -> Option<StepMean> {
        StepMean::of(&self.window)
    }

    /// The last step, if there was one.
    pub fn last_step(&self) -> Option<&StepRecord> {
        self.window.last()
    }
}
