//! Trains a language model on texts that it writes itself, with GRPO, or a related policy gradient.
//!
//! ```sh
//! align grpo --reward-funcs max-words:40 --output-dir runs/grpo
//! ```

use crate::peft::PeftOptions;
use crate::prompt_files::PromptFiles;
use crate::rounds_options::{RoundsOptions, log_rounds, round_prompts, without_sampling};
use crate::run_options::{Preparation, RunOptions, set_if_given};
use crate::training_command::TrainingCommand;
use crate::{Failure, models};
use align_online::{PairSelection, rounds};
use align_train::objective::Grpo;
use align_train::{GrpoConfig, Run, RunConfig};
use clap::Args;
use serde::Serialize;

/// Trains a language model on texts that it writes itself with GRPO, or a related policy gradient. In each round it continues prompts several times, reward
/// functions and judges score the texts, and each text is made more or less likely by how much better it is than others of its prompt.
#[derive(Args, Serialize)]
pub struct Options {
    #[command(flatten)]
    #[serde(flatten)]
    pub(super) run: RunOptions<PromptFiles>,
    #[command(flatten)]
    #[serde(flatten)]
    rounds: RoundsOptions,
    #[command(flatten)]
    #[serde(flatten)]
    peft: PeftOptions,
    /// Reference model, a folder or a hub name [default: the model before training]. With --use-peft the reference is the model without
    /// the adapter.
    #[arg(long, conflicts_with = "use_peft")]
    ref_model: Option<String>,
    #[command(flatten)]
    #[serde(flatten, serialize_with = "without_sampling")]
    grpo: GrpoConfig,
}

pub fn run(options: &Options) -> Result<(), Failure> {
    options.run.processes.refuse()?;
    let (num_generations, temperature, max_completion_length) = options.rounds.sampling();
    let config = GrpoConfig { num_generations, temperature, max_completion_length, ..options.grpo.clone() };
    config.validate()?;
    let of_rounds = options.rounds.config(PairSelection::default());
    let (prompts, on_round) = (round_prompts(&options.run.files)?, log_rounds(of_rounds.rounds));
    let panel = options.rounds.panel(options.run.runtime(), config.reward_weights.as_deref())?;
    let rows = rounds(of_rounds, prompts, panel, on_round).map_err(align_train::Error::from)?;
    let run = Run::<Grpo>::on_policy(options.run.base_model(models::BUNDLED_POLICY)?, rows, config)?;
    let run = set_if_given(run, options.ref_model.clone(), Run::reference);
    let defaults = GrpoConfig::default().training;
    let peft = options.peft.adapter(options.run.model.as_deref(), &options.grpo.training, &defaults)?;
    let run = set_if_given(run, peft, Run::peft);
    TrainingCommand { name: "grpo", run: &options.run }.train(run, &Preparation::default(), options)
}
