//! The notebook's options, and what the stages are given of them.

use crate::preference_data::DataOptions;
use crate::reward_model::ScoreOption;
use crate::{Failure, RuntimeOptions, models, places};
use align_data::NOTEBOOK_PROMPTS;
use align_losses::LossType;
use align_models::generation::{Generation, GenerationConfig, check_completions_fit_memory};
use align_train::{DpoConfig, RunConfig, SamplingStrategy, Strategy, TrainingConfig};
use serde::Serialize;
use std::path::PathBuf;

/// The notebook's pipeline with its own settings, on the embedded models unless others are given.
#[derive(Debug, Clone, clap::Args, Serialize)]
pub struct NotebookOptions {
    /// Language model to align: a folder in transformers' layout, or user/name[@revision] on the hub; the embedded one if not
    /// given.
    #[arg(long)]
    #[serde(skip)]
    pub(super) model: Option<String>,
    /// Classifier or reward model whose score is the reward; the embedded sentiment classifier if not given.
    #[arg(long)]
    #[serde(skip)]
    pub(super) reward_model: Option<String>,
    #[command(flatten)]
    #[serde(skip)]
    pub(super) score: ScoreOption,
    /// Train on these pairs or scored texts (CSV, Parquet, JSONL) instead of generated ones.
    #[arg(long)]
    #[serde(skip)]
    pub(super) train_file: Option<PathBuf>,
    /// Held-out pairs or scored texts; generated texts hold out every fifth prompt.
    #[arg(long, requires = "train_file")]
    #[serde(skip)]
    pub(super) eval_file: Option<PathBuf>,
    /// Leave out the other loss (sigmoid beside hinge, hinge beside sigmoid), which is trained on the same pairs with the same
    /// options for comparison.
    #[arg(long)]
    pub(super) single_loss: bool,
    /// Texts generated a prompt to train on.
    #[arg(long, default_value_t = 10, conflicts_with = "train_file")]
    pub(super) texts_per_prompt: usize,
    /// Texts generated a prompt to compare the models by.
    #[arg(long, default_value_t = 5)]
    pub(super) compared_texts_per_prompt: usize,
    /// Prompts, the first of the list, whose texts of each model are shown.
    #[arg(long, default_value_t = 5)]
    pub(super) shown_prompts: usize,
    /// Tokens of a generated text, prompt included.
    #[arg(long, default_value_t = 50)]
    pub(super) text_length: usize,
    /// Beams of a search; 1 draws texts plainly.
    #[arg(long, default_value_t = 5)]
    pub(super) num_beams: usize,
    /// Divides the scores before drawing.
    #[arg(long, default_value_t = 4.0)]
    pub(super) temperature: f64,
    /// Draw among so many likeliest tokens, 0 among all.
    #[arg(long, default_value_t = 50)]
    pub(super) top_k: usize,
    /// No run of so many tokens twice in a text; 0 is off.
    #[arg(long, default_value_t = 2)]
    pub(super) no_repeat_ngram_size: usize,
    /// Sequences generated or scored at a time.
    #[arg(long, default_value_t = 32)]
    pub(super) batch_size: usize,
    /// Strength of the pull towards the reference.
    #[arg(long, default_value_t = 0.1)]
    pub(super) beta: f64,
    /// 1e-5 as in the notebook if not given, 5e-5 for the embedded model.
    #[arg(long)]
    pub(super) learning_rate: Option<f64>,
    /// Passes over the pairs.
    #[arg(long, default_value_t = 3.0)]
    pub(super) num_train_epochs: f64,
    /// Pairs a step.
    #[arg(long, default_value_t = 8)]
    pub(super) per_device_train_batch_size: usize,
    /// Visit the pairs in a random order instead of as they stand.
    #[arg(long)]
    pub(super) shuffle: bool,
    /// Write the aligned model into this new folder.
    #[arg(long)]
    #[serde(skip)]
    pub(super) output_dir: Option<PathBuf>,
    /// Write the run as a page into this file: tables, curves of training, rewards, texts, options.
    #[arg(long, value_name = "FILE.html")]
    #[serde(skip)]
    pub(super) report: Option<PathBuf>,
    /// Replace the report if it exists.
    #[arg(long, requires = "report")]
    #[serde(skip)]
    pub(super) overwrite: bool,
    /// Fixes everything random.
    #[arg(long, default_value_t = 42)]
    pub(super) seed: u64,
    #[command(flatten)]
    #[serde(flatten)]
    pub(super) data: DataOptions,
    #[command(flatten)]
    #[serde(flatten)]
    pub(super) runtime: RuntimeOptions,
}

impl NotebookOptions {
    /// The loss of the example, and the one it is compared with.
    pub(super) fn losses(&self, own: LossType) -> Vec<LossType> {
        let other = if own == LossType::Hinge { LossType::Sigmoid } else { LossType::Hinge };
        if self.single_loss { vec![own] } else { vec![own, other] }
    }

    /// Refuses what would be found out after minutes.
    pub(super) fn check(&self) -> Result<(), Failure> {
        if let Some(dir) = self.output_dir.as_deref().filter(|dir| dir.symlink_metadata().is_ok()) {
            return Err(format!("{} exists already: choose another --output-dir", dir.display()).into());
        }
        if let Some(file) = &self.report {
            places::refuse_existing(file, self.overwrite)?;
            places::refuse_inputs(file, self.train_file.iter().chain(&self.eval_file))?;
        }
        self.generation(self.seed)?;
        for (option, value) in [
            ("--texts-per-prompt", self.texts_per_prompt),
            ("--compared-texts-per-prompt", self.compared_texts_per_prompt),
            ("--batch-size", self.batch_size),
        ] {
            if value == 0 {
                return Err(format!("{option} is 0, expected at least 1").into());
            }
        }
        check_completions_fit_memory("--texts-per-prompt", NOTEBOOK_PROMPTS.len(), self.texts_per_prompt)?;
        check_completions_fit_memory(
            "--compared-texts-per-prompt",
            NOTEBOOK_PROMPTS.len(),
            self.compared_texts_per_prompt,
        )?;
        Ok(())
    }

    /// How texts are written: as in the notebook, all of one length.
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
            // Every epoch would ask it the same again.
            precompute_ref_log_probs: true,
            training: TrainingConfig {
                learning_rate,
                num_train_epochs: Some(self.num_train_epochs),
                per_device_train_batch_size: self.per_device_train_batch_size,
                train_sampling_strategy: order,
                eval_strategy: Strategy::Epoch,
                seed: self.seed,
                ..TrainingConfig::default()
            },
            ..DpoConfig::default()
        };
        config.validate()?;
        Ok(config)
    }

    /// What the models are called: policy and reward model.
    pub(super) fn called(&self) -> [String; 2] {
        [(&self.model, models::POLICY), (&self.reward_model, models::REWARD_MODEL)]
            .map(|(named, embedded)| models::called(named.as_deref(), embedded))
    }
}
