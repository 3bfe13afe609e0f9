//! Preference optimisation of language models on LibTorch. It matches the numbers of Hugging Face TRL and is faster.
//!
//! This program trains a model from the Hugging Face hub on preference pairs:
//!
//! ```
//! # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/example_folder.rs"));
//! use align::prelude::*;
//!
//! fn main() -> align::Result<()> {
//! # let _folder = example_folder();
//!     let pairs = PreferencePairs::read("pairs.jsonl")?;
//!     DpoRun::new("lvwerra/gpt2-imdb", pairs, DpoConfig { beta: 0.1, ..Default::default() })?
//!         .output_dir("runs/dpo")
//!         .train()?;
//!     Ok(())
//! }
//! ```
//!
//! The folder `runs/dpo` then contains the trained model with its model card (`model`, in transformers' layout), the options
//! (`config.toml`), the loss and the metrics of every tenth step (`metrics.jsonl`), the checkpoints, and a report with curves
//! (`report.html`).
//!
//! # Modules
//!
//! | contents | module | crate |
//! | --- | --- | --- |
//! | texts, preference pairs, tokenisers, batches | [`data`] | `align-data` |
//! | GPT-2, Llama, Mistral, Qwen, Gemma, DistilBERT, LoRA, checkpoints, generation | [`models`] | `align-models` |
//! | text generation, resumable generation jobs, reward models | [`inference`] | `align-inference` |
//! | preference losses, divergences, penalties | [`losses`] | `align-losses` |
//! | runs, trainers, objectives, observers | [`train`] | `align-train` |
//! | entropy, KL divergence, rewards, Pareto fronts, confidence intervals | [`metrics`] | `align-metrics` |
//! | voting rules, which make a ranking out of the scores of several judges | [`choice`] | `align-choice` |
//! | training on the policy's own texts, in rounds | [`online`] | `align-online` |
//! | reward functions on texts | [`rewards`] | `align-rewards` |
//! | what is wrong with preference data: duplicates, leakage, biases, label noise | [`audit`] | `align-audit` |
//! | downloads and uploads | `hub`, with the feature `hub` | `align-hub` |
//! | figures and HTML reports | `report`, with the feature `report` | `align-report` |
//! | TensorBoard, MLflow, a live page | `trackers`, with the feature `trackers` | `align-trackers` |
//! | sweeps over losses and betas | `frontier`, with the feature `frontier` | `align-frontier` |
//! | devices, matmul precision, memory | [`torch`] | `align-torch` |
//!
//! Each crate can be used alone. This crate re-exports them, with a [`prelude`] and one [`Error`] type into which their errors convert.
//!
//! # Features
//!
//! | feature | default | adds |
//! | --- | --- | --- |
//! | `hub` | yes | loading models by their names on the hub, uploads |
//! | `report` | yes | figures and HTML reports; a run writes `report.html` |
//! | `tables` | no | Parquet files and data frames (polars, about 160 crates); not needed for CSV and JSON Lines |
//! | `png` | no | figures as PNG images in addition to SVG |
//! | `frontier` | no | sweeps |
//! | `json-schema` | no | the reward function of JSON schemas |
//! | `trackers` | no | runs report to TensorBoard and MLflow; with `report` a live page of a run |
//! | `clap` | no | the training options as command-line options |
//! | `progress` | no | `align::show_progress()`, which shows the progress of long tasks on standard error |
//!
//! # Data
//!
//! Examples are rows of text: [`data::PreferencePair`], [`data::UnpairedPreference`], `(prompt, completion)`, [`data::LabelledText`]. Tables
//! such as [`data::PreferencePairs`] read them from CSV, JSON Lines or Parquet files. A `Vec` works too. [`data::pairing::pair`] creates pairs
//! from scored texts:
//!
//! ```
//! use align::data::pairing::{PairOptions, PairStrategy, pair};
//! use align::prelude::*;
//!
//! let texts = [
//!     ScoredText::new("The film", "The film was fine.", 0.3),
//!     ScoredText::new("The film", "The film was a joy.", 2.1),
//! ];
//! let (pairs, report) = pair(&texts, &PairOptions::new(PairStrategy::BestWorst))?;
//! assert_eq!(pairs[0].chosen, "The film was a joy.");
//! assert_eq!(report.pairs, 1);
//! # Ok::<(), align::Error>(())
//! ```
//!
//! # Runs
//!
//! A run has a model, examples and options. [`train::DpoRun`], [`train::KtoRun`], [`train::CpoRun`], [`train::SftRun`],
//! [`train::RewardRun`] and [`train::ClassificationRun`] are aliases of the generic type [`train::Run`] for six objectives. The model is a folder, a name on the hub,
//! a loaded model, or a new model with random weights. This run trains a LoRA adapter, evaluates it and generates sample texts after each
//! epoch, and can be stopped from another thread and resumed:
//!
//! ```
//! # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/example_folder.rs"));
//! use align::prelude::*;
//!
//! # fn main() -> align::Result<()> {
//! # let _folder = example_folder();
//! let pairs = PreferencePairs::read("pairs.jsonl")?.into_rows();
//! let (train, held_out) = pairs.split_at(6);
//! let training = TrainingConfig { eval_strategy: IntervalStrategy::Epoch, num_train_epochs: Some(2.0), ..Default::default() };
//! let stop = StopSignal::default();
//! let summary = DpoRun::new(
//!     "lvwerra/gpt2-imdb",
//!     train.to_vec(),
//!     DpoConfig { loss_type: vec![LossType::Hinge], training, ..Default::default() },
//! )?
//! .eval(held_out.to_vec())
//! .peft(LoraConfig { r: 4, lora_alpha: 8.0, ..Default::default() })
//! .sample_prompts(["The film"])
//! .stop_signal(stop.clone())
//! .output_dir("runs/lora")
//! .train()?;
//! assert!(summary.finished && summary.adapter);
//! println!("held-out accuracy: {:?}", summary.evaluation.and_then(|record| record.get("rewards/accuracies")));
//! # Ok(())
//! # }
//! ```
//!
//! # Models and generation
//!
//! A causal language model implements [`models::CausalLm`]. [`models::ModelResolver`] finds the folder of a model by its name, and
//! [`models::AutoModelForCausalLm`] loads the architecture that `config.json` specifies. Generation has transformers' options, and returns
//! completions as an iterator of batches:
//!
//! ```
//! # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/example_folder.rs"));
//! use align::models::generation::CompletionGenerator;
//! use align::prelude::*;
//!
//! # fn main() -> align::Result<()> {
//! # let _folder = example_folder();
//! let folder = ModelResolver::default().folder("lvwerra/gpt2-imdb")?;
//! let model = AutoModelForCausalLm::from_pretrained(&folder, Kind::Float, Device::Cpu)?;
//! let tokenizer = Tokenizer::from_pretrained(&folder)?;
//! let prompts = tokenizer.encode_prompts(&["The film", "An actor"])?;
//! let config = GenerationConfig { do_sample: true, max_new_tokens: Some(8), ..Default::default() };
//! for batch in CompletionGenerator::new(&model, &prompts, &Generation::new(config)?, Some(16))? {
//!     for completion in batch? {
//!         println!("{}: {}", completion.prompt, tokenizer.decode(&completion.ids_with_eos(), true)?);
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Texts and scores
//!
//! Generating texts, and scoring them with a classifier ([`inference`]):
//!
//! ```
//! # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/example_folder.rs"));
//! use align::prelude::*;
//!
//! # fn main() -> align::Result<()> {
//! # let _folder = example_folder();
//! let model = Gpt2::from_pretrained("lvwerra/gpt2-imdb".as_ref(), Kind::Float, Device::Cpu)?;
//! let tokenizer = Tokenizer::from_pretrained("lvwerra/gpt2-imdb")?;
//! let config = GenerationConfig { do_sample: true, max_new_tokens: Some(8), ..Default::default() };
//! let texts = generate_texts(&model, &tokenizer, &["The film"], 2, &Generation::new(config)?, None)?;
//! let reward_model = RewardModel::load("lvwerra/distilbert-imdb", None, Kind::Float, Device::Cpu)?;
//! let scores = reward_model.scores(&[&texts[0].text, &texts[1].text])?;
//! println!("{scores:?}");
//! # Ok(())
//! # }
//! ```
//!
//! # Training step by step
//!
//! A run uses a [`train::Trainer`], an iterator over optimiser steps on tokenised rows. It can be used directly:
//!
//! ```
//! # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/example_folder.rs"));
//! use align::data::{EncodeOptions, encode_pairs};
//! use align::prelude::*;
//!
//! # fn main() -> align::Result<()> {
//! # let _folder = example_folder();
//! let policy = AutoModelForCausalLm::from_pretrained("lvwerra/gpt2-imdb".as_ref(), Kind::Float, Device::Cpu)?;
//! let tokenizer = Tokenizer::from_pretrained("lvwerra/gpt2-imdb")?;
//! let pairs = PreferencePairs::read("pairs.jsonl")?;
//! let rows = encode_pairs(&tokenizer, pairs.rows(), &EncodeOptions::default())?.pairs;
//! let config = DpoConfig { training: TrainingConfig { max_steps: Some(3), ..Default::default() }, ..Default::default() };
//! let mut trainer = DpoTrainer::new(policy, None, rows, config)?;
//! while let Some(step) = trainer.next_step()? {
//!     println!("step {}: loss {:.4}", step.step, step.loss);
//! }
//! trainer.into_policy().save_pretrained("aligned".as_ref(), false)?;
//! # Ok(())
//! # }
//! ```
//!
//! # Losses
//!
//! Losses are functions of log-probabilities, `(batch,)`, and need no model from these crates:
//!
//! ```
//! use align::losses::{DpoLoss, DpoOptions, Pair, PairLogps, PairLoss};
//! use align::tch::Tensor;
//!
//! let policy = Pair { chosen: Tensor::from_slice(&[-12.0f32]), rejected: Tensor::from_slice(&[-15.0f32]) };
//! let reference = Pair { chosen: Tensor::from_slice(&[-13.0f32]), rejected: Tensor::from_slice(&[-14.0f32]) };
//! let dpo = DpoLoss::new(DpoOptions { beta: 0.1, ..DpoOptions::default() })?;
//! let loss = dpo.evaluate(&PairLogps::new(&policy, &reference)?)?;
//! assert!((loss.losses.double_value(&[0]) - 0.598_139).abs() < 1e-6); // -log sigmoid(0.1 * (1 - -1))
//! # Ok::<(), align::Error>(())
//! ```
//!
//! A custom loss implements its formula. It can be used in training like the built-in losses. Autograd computes its gradient, unless it
//! implements the gradient itself:
//!
//! ```
//! # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/example_folder.rs"));
//! use align::losses::{Pair, PairLogps};
//! use align::prelude::*;
//! use align::tch::Tensor;
//!
//! #[derive(Debug)]
//! struct Unhinged {
//!     beta: f64,
//! }
//!
//! impl PairLoss for Unhinged {
//!     fn losses(&self, logps: &PairLogps) -> align::losses::Result<Tensor> {
//!         let Pair { chosen, rejected } = logps.log_ratios();
//!         Ok(1.0 - self.beta * (chosen - rejected))
//!     }
//!
//!     fn beta(&self) -> f64 {
//!         self.beta
//!     }
//! }
//!
//! # fn main() -> align::Result<()> {
//! # let _folder = example_folder();
//! # let policy = AutoModelForCausalLm::from_pretrained("lvwerra/gpt2-imdb".as_ref(), Kind::Float, Device::Cpu)?;
//! # let tokenizer = Tokenizer::from_pretrained("lvwerra/gpt2-imdb")?;
//! # let pairs = PreferencePairs::read("pairs.jsonl")?;
//! # let rows = align::data::encode_pairs(&tokenizer, pairs.rows(), &Default::default())?.pairs;
//! # let config = DpoConfig { training: TrainingConfig { max_steps: Some(1), ..Default::default() }, ..Default::default() };
//! let mut trainer = DpoTrainer::with_loss(policy, None, rows, config, Box::new(Unhinged { beta: 0.1 }))?;
//! trainer.train(&mut [])?;
//! # Ok(())
//! # }
//! ```
//!
//! If a loss on pairs is not enough, implement [`train::Objective`]: it owns a model and computes the loss of a batch and its gradient. A
//! [`train::Trainer`] trains it. If it also implements [`train::run::RunObjective`], a run can train it.
//!
//! # Metrics
//!
//! Metrics are functions of plain numbers. Their results have confidence intervals:
//!
//! ```
//! use align::metrics::{Bootstrap, EvaluationReport};
//!
//! let texts = [vec![1i64, 2, 2, 3], vec![2, 4], vec![1, 1, 5]];
//! let report = EvaluationReport::of(&texts, None, Some(&[0.5, -1.0, 2.0]), &Bootstrap::default())?;
//! assert_eq!(report.mean_reward.map(|mean| mean.value), Some(0.5));
//! # Ok::<(), align::Error>(())
//! ```
#![cfg_attr(feature = "hub", doc = include_str!("../doc/hub.md"))]
#![cfg_attr(feature = "report", doc = include_str!("../doc/report.md"))]
#![cfg_attr(feature = "frontier", doc = include_str!("../doc/frontier.md"))]
#![cfg_attr(feature = "trackers", doc = include_str!("../doc/trackers.md"))]

mod error;
#[cfg(doctest)]
mod pages;
pub mod prelude;

pub use error::{Error, Result};

pub use align_audit as audit;
#[cfg(feature = "progress")]
pub use align_base::progress::show_progress;
pub use align_choice as choice;
pub use align_data as data;
#[cfg(feature = "frontier")]
pub use align_frontier as frontier;
pub use align_inference as inference;
pub use align_losses as losses;
pub use align_metrics as metrics;
pub use align_models as models;
#[cfg(feature = "hub")]
pub use align_models::hub;
pub use align_online as online;
#[cfg(feature = "report")]
pub use align_report as report;
pub use align_rewards as rewards;
pub use align_torch as torch;
#[cfg(feature = "trackers")]
pub use align_trackers as trackers;
pub use align_train as train;
pub use tch;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
