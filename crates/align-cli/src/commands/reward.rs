//! Trains a reward model on preference pairs by the Bradley-Terry loss.
//!
//! ```sh
//! align reward --train-file pairs.jsonl --eval-file held-out.jsonl --output-dir runs/reward
//! ```

use crate::data_layout::Layout;
use crate::peft::PeftOptions;
use crate::run_options::{RunOptions, set_if_given};
use crate::streaming_options::StreamingOptions;
use crate::training_command::TrainingCommand;
use crate::{Failure, models};
use align_data::tables::Examples;
use align_data::{InvalidRows, RewardExample};
use align_train::{RewardConfig, RewardRun, Run, RunConfig};
use clap::Args;
use serde::Serialize;

/// Trains a reward model on preference pairs (prompt, chosen, rejected; optionally margin). A language model gets a new head with one output,
/// whose value at a text's last token is the reward.
#[derive(Args, Serialize)]
#[command(mut_arg("model", |arg| arg.help("Language model, reward model or DistilBERT encoder to train: a folder in transformers' layout, a \
    GGUF file, or user/name[@revision] on the hub [default: the bundled GPT-2]")))]
#[command(mut_arg("sample_prompts", |arg| arg.hide(true)))]
#[command(mut_arg("resize_token_embeddings", |arg| arg.hide(true)))]
pub struct Options {
    #[command(flatten)]
    #[serde(flatten)]
    pub(super) run: RunOptions,
    #[command(flatten)]
    #[serde(flatten)]
    streaming: StreamingOptions,
    #[command(flatten)]
    #[serde(flatten)]
    peft: PeftOptions,
    /// Remove the prompt from completions that begin with it; with false, the prompt occurs twice in the sequence.
    #[arg(long, action = clap::ArgAction::Set, default_value_t = true)]
    strip_prompt: bool,
    /// What happens to rows that teach nothing: rows that the chat template refuses, rows without a completion, and pairs of equal sides.
    #[arg(long, value_enum, default_value = "drop")]
    invalid_rows: InvalidRows,
    #[command(flatten)]
    #[serde(flatten)]
    reward: RewardConfig,
}

pub fn run(options: &Options) -> Result<(), Failure> {
    options.run.refuse_sample_prompts()?;
    options.reward.validate()?;
    let numbers = options.reward.pair_numbers();
    let data = options.run.read_or_stream(options.streaming.token_cache()?, |files, columns| {
        let read = |names: &_| Examples::<RewardExample>::read_files_with_numbers(files, names, &numbers);
        Ok(columns.read(&[Layout::Pairs], read)?.into())
    })?;
    let run = RewardRun::new(options.run.base_model(models::BUNDLED_POLICY)?, data.train, options.reward.clone())?;
    let run = run.strip_prompt(options.strip_prompt).invalid_rows(options.invalid_rows);
    let run = set_if_given(run, data.eval, Run::eval);
    let defaults = RewardConfig::default().training;
    let peft = options.peft.adapter(options.run.model.as_deref(), &options.reward.training, &defaults)?;
    let run = set_if_given(run, peft, Run::peft);
    TrainingCommand { name: "reward", run: &options.run }.train_reward_model(run, &data.preparation, options)
}
