//! Training by preference optimisation: [`DpoTrainer`] moves a policy away from a frozen reference so that it prefers
//! the chosen text of each pair.
//!
//! A trainer is an iterator of optimiser steps; [`DpoTrainer::train`] drives it with observers (progress bar, metrics
//! file, checkpoints, early stop).

mod adamw;
mod checkpoint;
mod completion_logps;
mod config;
mod error;
mod evaluation;
mod fingerprint;
mod gradients;
mod model_card;
#[cfg(feature = "clap")]
mod named;
mod objective;
mod observer;
mod record;
mod reference_logps;
mod run;
mod sampler;
mod schedule;
mod trainer;

pub use adamw::{AdamW, AdamWConfig};
pub use checkpoint::latest_checkpoint;
pub use completion_logps::{Completion, completion_logps};
pub use config::{DpoConfig, FDivergenceType, SamplingStrategy, Strategy};
pub use error::{Error, Result};
pub use gradients::clip_grad_norm;
pub use model_card::ModelCard;
pub use observer::{CheckpointSaver, Flow, MetricsFile, Observer, SampleTexts, StopSignal};
pub use record::{EvaluationRecord, PairMetrics, StepRecord};
pub use run::TrainSummary;
pub use sampler::epoch_order;
pub use schedule::{LrSchedule, LrSchedulerType};
pub use trainer::DpoTrainer;

#[cfg(feature = "clap")]
pub use named::nearest_name;
#[cfg(feature = "progress")]
pub use observer::ProgressBar;
