//! The notebook's options, and the configuration of each stage that follows from them.

use crate::column_option::ColumnOption;
use crate::json_output::JsonOption;
use crate::preference_data::DataOptions;
use crate::reward_model::ScoreOption;
use crate::usage::UsageError;
use crate::{Failure, RuntimeOptions, models, output_paths};
use align_data::NOTEBOOK_PROMPTS;
use align_losses::LossType;
use align_models::generation::{Generation, GenerationConfig, check_completions_fit_memory};
use align_train::{DpoConfig, IntervalStrategy, RunConfig, SamplingStrategy, TrainingConfig};
use serde::Serialize;
use std::path::PathBuf;

/// Options of the notebook's pipeline. The defaults are the notebook's own, with the bundled models.
#[derive(Debug, Clone, clap::Args, Serialize)]
pub struct NotebookOptions {
    /// Language model to align: a folder in transformers' layout, a GGUF file, or user/name[@revision] on the hub [default: the bundled GPT-2].
    #[arg(long)]
    #[serde(skip)]
    pub(super) model: Option<String>,
    /// Classifier or reward model whose score is the reward [default: the bundled sentiment classifier].
    #[arg(long)]
    #[serde(skip)]
    pub(super) reward_model: Option<String>,
    #[command(flatten)]
    #[serde(skip)]
    pub(super) score: ScoreOption,
    /// Train on the pairs or scored texts of this file (CSV, Parquet or JSONL) instead of generated texts.
    #[arg(long)]
    #[serde(skip)]
    pub(super) train_file: Option<PathBuf>,
    /// Evaluation data, same format as --train-file. If the texts are generated, those of every fifth prompt are held out.
    #[arg(long, requires = "train_file")]
    #[serde(skip)]
    pub(super) eval_file: Option<PathBuf>,
    #[command(flatten)]
    #[serde(skip)]
    pub(super) columns: ColumnOption,
    /// Train with --loss only. By default a second model is trained with the other loss on the same pairs with the same options, for
    /// comparison.
    #[arg(long)]
    pub(super) single_loss: bool,
    /// Texts generated per prompt for training.
    #[arg(long, default_value_t = 10, conflicts_with = "train_file")]
    pub(super) texts_per_prompt: usize,
    /// Texts generated per prompt to evaluate each model.
    #[arg(long, default_value_t = 5)]
    pub(super) eval_texts_per_prompt: usize,
    /// Number of prompts for which a text of each model is printed.
    #[arg(long, default_value_t = 5)]
    pub(super) num_shown_prompts: usize,
    /// Number of tokens in each generated text, prompt included.
    #[arg(long, default_value_t = 50)]
    pub(super) text_length: usize,
    /// Number of beams; 1 means sampling without beam search.
    #[arg(long, default_value_t = 5)]
    pub(super) num_beams: usize,
    /// Sampling temperature: the logits are divided by it.
    #[arg(long, default_value_t = 4.0)]
    pub(super) temperature: f64,
    /// Sample from the K most likely tokens; 0 means all tokens.
    #[arg(long, default_value_t = 50)]
    pub(super) top_k: usize,
    /// No n-gram of this size occurs twice in a text; 0 turns this off.
    #[arg(long, default_value_t = 2)]
    pub(super) no_repeat_ngram_size: usize,
    /// Number of sequences generated or scored at a time.
    #[arg(long, default_value_t = 32)]
    pub(super) batch_size: usize,
    /// DPO beta: strength of the regularisation towards the reference model.
    #[arg(long, default_value_t = 0.1)]
    pub(super) beta: f64,
    /// Peak learning rate [default: 1e-5 as in the notebook; 5e-5 for the bundled model].
    #[arg(long)]
    pub(super) learning_rate: Option<f64>,
    /// Number of epochs.
    #[arg(long, default_value_t = 3.0)]
    pub(super) num_train_epochs: f64,
    /// Pairs per step.
    #[arg(long, default_value_t = 8)]
    pub(super) per_device_train_batch_size: usize,
    /// Shuffle the pairs in each epoch instead of training in their original order.
    #[arg(long)]
    pub(super) shuffle: bool,
    /// Write the aligned model to this folder, which must not exist.
    #[arg(long)]
    #[serde(skip)]
    pub(super) output_dir: Option<PathBuf>,
    /// Write a report of the run to this HTML file: tables, training curves, rewards, texts and options.
    #[arg(long, value_name = "FILE.html")]
    #[serde(skip)]
    pub(super) report: Option<PathBuf>,
    /// Replace the report if it exists.
    #[arg(long, requires = "report")]
    #[serde(skip)]
    pub(super) overwrite: bool,
    /// Seed for all random numbers.
    #[arg(long, default_value_t = 42)]
    pub(super) seed: u64,
    #[command(flatten)]
    #[serde(skip)]
    pub(super) json: JsonOption,
    #[command(flatten)]
    #[serde(flatten)]
    pub(super) data: DataOptions,
    #[command(flatten)]
    #[serde(flatten)]
    pub(super) runtime: RuntimeOptions,
}

impl NotebookOptions {
    /// The losses to train with: the chosen one first, then the one for comparison.
    pub(super) fn losses(&self, chosen: LossType) -> Vec<LossType> {
        let other = if chosen == LossType::Hinge { LossType::Sigmoid } else { LossType::Hinge };
        if self.single_loss { vec![chosen] } else { vec![chosen, other] }
    }

    /// Rejects invalid options before the pipeline starts.
    pub(super) fn check(&self) -> Result<(), Failure> {
        if let Some(dir) = self.output_dir.as_deref().filter(|dir| dir.symlink_metadata().is_ok()) {
            return Err(format!("{} exists already: choose another --output-dir", dir.display()).into());
        }
        if let Some(file) = &self.report {
            output_paths::refuse_existing(file, self.overwrite)?;
            output_paths::refuse_inputs(file, self.train_file.iter().chain(&self.eval_file))?;
        }
        self.generation(self.seed)?;
        for (option, value) in [
            ("--texts-per-prompt", self.texts_per_prompt),
            ("--eval-texts-per-prompt", self.eval_texts_per_prompt),
            ("--batch-size", self.batch_size),
        ] {
            if value == 0 {
                return Err(UsageError::new(format!("{option} is 0, expected at least 1")).into());
            }
        }
        if self.texts_per_prompt < 2 {
            let problem = "--texts-per-prompt is 1, expected at least 2: a pair needs two texts of a prompt";
            return Err(UsageError::new(problem).into());
        }
        check_completions_fit_memory("--texts-per-prompt", NOTEBOOK_PROMPTS.len(), self.texts_per_prompt)?;
        check_completions_fit_memory("--eval-texts-per-prompt", NOTEBOOK_PROMPTS.len(), self.eval_texts_per_prompt)?;
        Ok(())
    }

    /// The generation options: as in the notebook, with all texts of the same length.
    pub(super) fn generation(&self, seed: u64) -> Result<Generation, Failure> {
        Ok(Generation::new(GenerationConfig {
            do_sample: true,
            num_beams: self.num_beams,
            no_repeat_ngram_size: self.no_repeat_ngram_size,
            temperature: Some(self.temperature),
            top_k: Some(self.top_k),
            min_length: Some(self.text_length),
            max_length: Some(self.text_length),
            seed,
            ..GenerationConfig::default()
        })?)
    }

    pub(super) fn training(&self, loss_type: LossType) -> Result<DpoConfig, Failure> {
        let learning_rate = self.learning_rate.unwrap_or(if self.model.is_none() { 5e-5 } else { 1e-5 });
        let order = if self.shuffle { SamplingStrategy::Random } else { SamplingStrategy::Sequential };
        let config = DpoConfig {
            loss_type: vec![loss_type],
            beta: self.beta,
            // The reference does not change, so one pass is enough for all epochs.
            precompute_ref_log_probs: true,
            training: TrainingConfig {
                learning_rate,
                num_train_epochs: Some(self.num_train_epochs),
                per_device_train_batch_size: self.per_device_train_batch_size,
                train_sampling_strategy: order,
                eval_strategy: IntervalStrategy::Epoch,
                seed: self.seed,
                ..TrainingConfig::default()
            },
            ..DpoConfig::default()
        };
        config.validate()?;
        Ok(config)
    }

    /// The display names of the policy and of the reward model.
    pub(super) fn model_names(&self) -> [String; 2] {
        [(&self.model, models::BUNDLED_POLICY), (&self.reward_model, models::BUNDLED_REWARD_MODEL)]
            .map(|(name, bundled)| models::display_name(name.as_deref(), bundled))
    }
}
