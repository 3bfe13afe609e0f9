//! Preference optimisation of language models, supervised fine-tuning, and training of reward models and text classifiers.
//!
//! | run | trainer | examples | reference model | losses |
//! | --- | --- | --- | --- | --- |
//! | [`DpoRun`] | [`DpoTrainer`] | preference pairs | frozen, or updated towards the policy | DPO and its variants |
//! | [`KtoRun`] | [`KtoTrainer`] | unpaired preferences | frozen | KTO, BCO, APO-zero |
//! | [`CpoRun`] | [`CpoTrainer`] | preference pairs | none | CPO, SimPO, AlphaPO, ORPO, SLiC-HF |
//! | [`SftRun`] | [`SftTrainer`] | texts, with prompts or packed | none | cross-entropy of the next token |
//! | [`RewardRun`] | [`RewardTrainer`] | preference pairs | none | Bradley-Terry |
//! | – | [`GrpoTrainer`], [`RlooTrainer`] | generated completions with advantages | frozen, or updated towards the policy, if there is a KL penalty | GRPO and its variants, RLOO |
//! | [`ClassificationRun`] | [`ClassificationTrainer`] | labelled texts | none | cross-entropy of the class |
//!
//! A [`Run`] takes the name of a model and examples, and writes a folder with the trained model and all records ([`run`]). It uses a
//! [`Trainer`], an iterator of optimiser steps over tokenised rows. A trainer optimises an [`Objective`], which you can implement
//! yourself. [`Trainer::train`] runs all steps with observers (metrics file, checkpoints, early stopping).
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
//! Features: `hub` (load models by their names on the Hugging Face hub and upload trained models), `report` (a run writes an HTML
//! report), `trackers` (runs report to TensorBoard and MLflow, and with `report` a live page shows them), `tables` (read examples from Parquet
//! files), `clap` (config structs as command-line options).

mod adamw;
mod batch_metrics;
mod batch_time;
mod best_metric;
mod builtin_trainers;
mod checkpoint_names;
mod config;
mod distributed;
mod error;
mod evaluation;
mod flow;
mod gradients;
mod json_number;
mod legacy_run;
mod load_weights;
mod log_files;
mod log_history;
mod log_records;
mod memory;
mod metric_info;
mod metric_names;
mod metrics;
mod model_card;
mod model_card_usage;
mod model_info;
mod nearest_name;
pub mod objective;
mod observer;
mod option_difference;
#[cfg(feature = "clap")]
mod option_names;
#[cfg(feature = "report")]
pub mod report;
mod resume_mode;
mod rows_digest;
pub mod run;
mod run_checkpoints;
mod run_folder;
mod run_identity;
mod run_time;
mod sampler;
mod schedule;
mod train_loop;
mod trainer;
mod training_checkpoint;
mod training_progress;
mod training_rows;
mod training_task;

pub use adamw::{AdamW, AdamWConfig};
pub use align_distributed::ProcessGroup;
pub use align_losses::{CpoLossType, GrpoLossType, KtoLossType, LossType, Method};
pub use batch_metrics::BatchMetrics;
pub use builtin_trainers::{
    ClassificationTrainer, CpoTrainer, DpoTrainer, GrpoTrainer, KtoTrainer, RewardTrainer, RlooTrainer, SftTrainer,
};
pub use config::{
    ClassificationConfig, CpoConfig, DpoConfig, FDivergenceType, GroupPolicyConfig, GrpoConfig, HiddenLayers,
    IntervalStrategy, KtoConfig, PackingStrategy, PrefixSharing, RewardConfig, RlooConfig, SamplingStrategy, SftConfig,
    TrainingConfig,
};
pub use error::{Error, Result};
pub use flow::Flow;
pub use gradients::clip_grad_norm;
pub use log_records::{EvaluationRecord, StepMean, StepRecord};
pub use memory::{MemoryEstimate, available_memory};
pub use metric_info::{METRICS, MetricInfo};
pub use metrics::Metrics;
pub use model_card::ModelCard;
pub use objective::{Objective, RunConfig};
pub use observer::{
    CheckpointSaver, EarlyStopping, MetricsFile, Observer, SamplePrompts, SampleTexts, StopSignal, TrainingRecords,
};
pub use resume_mode::ResumeMode;
pub use run::{ClassificationRun, CpoRun, DpoRun, KtoRun, RewardRun, Run, RunSummary, SftRun};
pub use run_checkpoints::latest_checkpoint;
pub use run_folder::RunFolder;
pub use run_time::RunTime;
pub use sampler::epoch_order;
pub use schedule::{LrSchedule, LrSchedulerType};
pub use train_loop::TrainSummary;
pub use trainer::Trainer;
pub use training_rows::{RowSource, Rows};
pub use training_task::TrainingTask;

pub use nearest_name::nearest_name;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
