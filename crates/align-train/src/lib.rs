//! Training by preference optimisation, and what comes before it: supervised fine-tuning and classifiers.
//!
//! | trainer | rows | reference | losses |
//! | --- | --- | --- | --- |
//! | [`DpoTrainer`] | pairs | a frozen model, or one that follows the policy | DPO and its family |
//! | [`KtoTrainer`] | single completions, liked or not | a frozen model | KTO, BCO, APO-zero |
//! | [`CpoTrainer`] | pairs | none | CPO, SimPO, AlphaPO, ORPO, SLiC-HF |
//! | [`SftTrainer`] | texts, with prompts or packed | none | the next token's cross-entropy |
//! | [`ClassificationTrainer`] | texts with their classes | none | the class's cross-entropy |
//!
//! All are a [`Trainer`] of an [`Objective`], which can be one's own. A trainer is an iterator of optimiser steps;
//! [`Trainer::train`] drives it with observers (progress bar, metrics file, checkpoints, early stop).

mod adamw;
mod batch_metrics;
mod best_metric;
mod checkpoint;
mod completion_logps;
mod config;
mod earlier_run;
mod error;
mod evaluation;
mod gradients;
mod history;
mod json_number;
mod line_files;
mod memory;
mod metric_names;
mod metrics;
mod model_card;
mod named;
pub mod objective;
mod observer;
mod record;
#[cfg(feature = "report")]
pub mod report;
pub mod run;
mod run_checkpoints;
mod run_folder;
mod run_identity;
mod sampler;
mod schedule;
mod train_loop;
mod trainer;
mod trainers;
mod weights;

pub use adamw::{AdamW, AdamWConfig};
pub use align_losses::{CpoLossType, KtoLossType, LossType, Method};
pub use batch_metrics::BatchMetrics;
pub use checkpoint::Rounding;
pub use completion_logps::{Completion, completion_logps};
pub use config::{
    ClassificationConfig, CpoConfig, DpoConfig, FDivergenceType, KtoConfig, PackingStrategy, PrefixSharing,
    SamplingStrategy, SftConfig, Strategy, TrainingConfig,
};
pub use error::{Error, Result};
pub use gradients::clip_grad_norm;
pub use memory::{MemoryEstimate, available_memory};
pub use metrics::Metrics;
pub use model_card::{ModelCard, Purpose};
pub use objective::{Objective, RunConfig};
pub use observer::{
    CheckpointSaver, EarlyStopping, Flow, MetricsFile, Observer, SampleTexts, StopSignal, TrainingRecords,
};
pub use record::{EvaluationRecord, StepRecord};
pub use run::{ClassificationRun, CpoRun, DpoRun, KtoRun, Run, RunSummary, SftRun};
pub use run_checkpoints::latest_checkpoint;
pub use run_folder::RunFolder;
pub use sampler::epoch_order;
pub use schedule::{LrSchedule, LrSchedulerType};
pub use train_loop::TrainSummary;
pub use trainer::Trainer;
pub use trainers::{ClassificationTrainer, CpoTrainer, DpoTrainer, KtoTrainer, SftTrainer};

pub use named::nearest_name;
#[cfg(feature = "progress")]
pub use observer::ProgressBar;
