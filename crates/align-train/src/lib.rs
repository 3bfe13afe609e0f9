//! Training by preference optimisation, and what comes before it: supervised fine-tuning and classifiers.
//!
//! | run | trainer | examples | reference | losses |
//! | --- | --- | --- | --- | --- |
//! | [`DpoRun`] | [`DpoTrainer`] | pairs | a frozen model, or one that follows the policy | DPO and its family |
//! | [`KtoRun`] | [`KtoTrainer`] | single completions, liked or not | a frozen model | KTO, BCO, APO-zero |
//! | [`CpoRun`] | [`CpoTrainer`] | pairs | none | CPO, SimPO, AlphaPO, ORPO, SLiC-HF |
//! | [`SftRun`] | [`SftTrainer`] | texts, with prompts or packed | none | the next token's cross-entropy |
//! | [`ClassificationRun`] | [`ClassificationTrainer`] | texts with their classes | none | the class's cross-entropy |
//!
//! A [`Run`] goes from a model's name and examples to a folder with the trained model and all records ([`run`]). Under it is a
//! [`Trainer`] of an [`Objective`], which can be one's own: an iterator of optimiser steps over rows of token ids. [`Trainer::train`]
//! drives it with observers (progress bar, metrics file, checkpoints, early stop).
//!
//! ```
//! use align_data::{EncodeOptions, PreferencePair, Tokenizer, encode_pairs};
//! use align_models::Gpt2;
//! use align_train::{DpoConfig, DpoTrainer, TrainingConfig};
//! use tch::{Device, Kind};
//!
//! # fn main() -> align_train::Result<()> {
//! # let folder = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/data/models/gpt2-tiny"));
//! let policy = Gpt2::from_pretrained(folder, Kind::Float, Device::Cpu)?;
//! let tokenizer = Tokenizer::from_pretrained(folder)?;
//! let pairs = vec![PreferencePair::new("The film was", " a joy.", " a bore."); 8];
//! let rows = encode_pairs(&tokenizer, &pairs, &EncodeOptions::default())?.pairs;
//! let training = TrainingConfig { max_steps: Some(5), learning_rate: 1e-3, ..TrainingConfig::default() };
//! let mut trainer = DpoTrainer::new(policy, None, rows, DpoConfig { beta: 0.1, training, ..DpoConfig::default() })?;
//! let mut losses = Vec::new();
//! while let Some(step) = trainer.next_step()? {
//!     losses.push(step.loss);
//! }
//! assert!((losses[0] - f64::ln(2.0)).abs() < 1e-6 && losses[4] < losses[0]);
//! # Ok(())
//! # }
//! ```
//!
//! With the feature `hub` a run takes models by their names on the Hugging Face hub and uploads trained ones, with `report` it writes a
//! page, with `tables` examples come from Parquet files too, with `clap` options are command-line options, with `progress` there is a bar.

mod adamw;
mod batch_metrics;
mod best_metric;
mod checkpoint_names;
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
mod model_facts;
pub mod objective;
mod observer;
mod option_names;
mod purpose;
mod record;
#[cfg(feature = "report")]
pub mod report;
mod rounding;
mod rows_digest;
pub mod run;
mod run_checkpoints;
mod run_folder;
mod run_identity;
mod sampler;
mod schedule;
mod train_loop;
mod trainer;
mod trainers;
mod training_checkpoint;
mod weights;

pub use adamw::{AdamW, AdamWConfig};
pub use align_losses::{CpoLossType, KtoLossType, LossType, Method};
pub use batch_metrics::BatchMetrics;
pub use completion_logps::{Completion, completion_logps};
pub use config::{
    ClassificationConfig, CpoConfig, DpoConfig, FDivergenceType, KtoConfig, PackingStrategy, PrefixSharing,
    SamplingStrategy, SftConfig, Strategy, TrainingConfig,
};
pub use error::{Error, Result};
pub use gradients::clip_grad_norm;
pub use memory::{MemoryEstimate, available_memory};
pub use metrics::Metrics;
pub use model_card::ModelCard;
pub use objective::{Objective, RunConfig};
pub use observer::{
    CheckpointSaver, EarlyStopping, Flow, MetricsFile, Observer, SampleTexts, StopSignal, TrainingRecords,
};
pub use purpose::Purpose;
pub use record::{EvaluationRecord, StepRecord};
pub use rounding::Rounding;
pub use run::{ClassificationRun, CpoRun, DpoRun, KtoRun, Run, RunSummary, SftRun};
pub use run_checkpoints::latest_checkpoint;
pub use run_folder::RunFolder;
pub use sampler::epoch_order;
pub use schedule::{LrSchedule, LrSchedulerType};
pub use train_loop::TrainSummary;
pub use trainer::Trainer;
pub use trainers::{ClassificationTrainer, CpoTrainer, DpoTrainer, KtoTrainer, SftTrainer};

#[cfg(feature = "progress")]
pub use observer::ProgressBar;
pub use option_names::nearest_name;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
