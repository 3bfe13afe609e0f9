use align::losses::LossType;
use align::train::{DpoConfig, SamplingStrategy, TrainingConfig};
use clap::Parser;
use std::path::PathBuf;

/// The notebook's pipeline: generate, score, pair, train, compare. `align notebook` has more options.
#[derive(Parser)]
pub struct Options {
    /// Folder of the GPT-2 to align.
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/models/gpt2-imdb-4m"), hide_default_value = true)]
    pub model: PathBuf,
    /// Folder of the classifier whose score is the reward.
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/models/distilbert-imdb-1m"), hide_default_value = true)]
    pub reward_model: PathBuf,
    /// Training texts to generate per prompt.
    #[arg(long, default_value_t = 10)]
    pub texts_per_prompt: usize,
    /// Passes over the pairs.
    #[arg(long, default_value_t = 3.0)]
    pub num_train_epochs: f64,
    /// Strength of the penalty for deviating from the reference model.
    #[arg(long, default_value_t = 0.1)]
    pub beta: f64,
    /// Random seed.
    #[arg(long, default_value_t = 42)]
    pub seed: u64,
    /// Write the aligned model into this new folder.
    #[arg(long)]
    pub output_dir: Option<PathBuf>,
}

impl Options {
    /// The training options for a loss.
    pub fn training(&self, loss: LossType) -> DpoConfig {
        let training = TrainingConfig {
            learning_rate: 5e-5,
            num_train_epochs: Some(self.num_train_epochs),
            train_sampling_strategy: SamplingStrategy::Sequential,
            seed: self.seed,
            ..TrainingConfig::default()
        };
        DpoConfig {
            loss_type: vec![loss],
            beta: self.beta,
            precompute_ref_log_probs: true,
            training,
            ..DpoConfig::default()
        }
    }
}
