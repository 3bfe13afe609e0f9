use crate::{EvaluationRecord, StepMean, StepRecord};
use std::path::PathBuf;

/// The result of a run.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct RunSummary {
    /// Completed optimiser steps, including those before a resume.
    pub steps: u64,
    /// Optimiser steps according to the options. `steps` is smaller if the run was stopped or early stopping finished it.
    pub total_steps: u64,
    /// Whether the run is finished. A run that was stopped has a checkpoint instead of a model, and can be resumed.
    pub finished: bool,
    /// The step of the best checkpoint, whose weights the model has with `load_best_model_at_end`. `None` if the model has the weights of
    /// the last step.
    pub best_step: Option<u64>,
    /// The record of the last step.
    pub last_step: Option<StepRecord>,
    /// The mean of the last `logging_steps` steps: the last line of the metrics file if the run is finished.
    pub last_mean: Option<StepMean>,
    /// Wall-clock seconds of the steps with their evaluations and checkpoints, since the start or the resume.
    pub train_runtime: f64,
    /// The evaluation of the trained model on the held-out rows, if there are any.
    pub evaluation: Option<EvaluationRecord>,
    /// The folder of the trained model, if the run is finished.
    pub model: Option<PathBuf>,
    /// Whether that folder contains a LoRA adapter instead of a full model.
    pub adapter: bool,
    /// The URL of the commit with the uploaded model.
    pub commit_url: Option<String>,
}
