use crate::{EvaluationRecord, StepRecord};
use std::path::PathBuf;

/// What came of a run.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct RunSummary {
    /// Optimiser steps done, those before a resume included.
    pub steps: u64,
    /// Optimiser steps that the options ask for. A finished run has fewer where early stopping ended it.
    pub total_steps: u64,
    /// Whether the run is over. One that was stopped has a checkpoint instead of a model, and can be resumed.
    pub finished: bool,
    /// The step of the checkpoint whose weights the model has, with `load_best_model_at_end`; otherwise they are the last step's.
    pub best_step: Option<u64>,
    /// The last step.
    pub last_step: Option<StepRecord>,
    /// The trained model on the held-out rows, where there are any.
    pub evaluation: Option<EvaluationRecord>,
    /// The trained model's folder, of a finished run.
    pub model: Option<PathBuf>,
    /// Whether that folder holds a LoRA adapter and not a whole model.
    pub adapter: bool,
    /// The page of the commit that uploaded the model.
    pub commit_url: Option<String>,
}
