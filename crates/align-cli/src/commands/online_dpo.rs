//! Trains a language model on texts that it writes itself, in rounds.
//!
//! ```sh
//! align online-dpo --rounds 5 --output-dir runs/online
//! ```

use crate::peft::PeftOptions;
use crate::prompt_files::PromptFiles;
use crate::rounds_options::{RoundsOptions, log_rounds, round_prompts};
use crate::run_options::{Preparation, RunOptions, set_if_given};
use crate::training_command::TrainingCommand;
use crate::{Failure, models};
use align_online::{PairSelection, rounds};
use align_train::{DpoConfig, DpoRun, Run, RunConfig};
use clap::Args;
use serde::Serialize;

/// Trains a language model on texts that it writes itself (online DPO). In each round it continues prompts several times, judges score the
/// texts, and the model is trained on pairs of texts of one prompt, with any loss of the DPO family.
#[derive(Args, Serialize)]
pub struct Options {
    #[command(flatten)]
    #[serde(flatten)]
    pub(super) run: RunOptions<PromptFiles>,
    #[command(flatten)]
    #[serde(flatten)]
    rounds: RoundsOptions,
    /// Which texts of a prompt become pairs.
    #[arg(long, value_enum, default_value = "best-worst")]
    pair_selection: Selection,
    #[command(flatten)]
    #[serde(flatten)]
    peft: PeftOptions,
    /// Reference model, a folder or a hub name [default: the model before training]. With --use-peft the reference is the model without
    /// the adapter.
    #[arg(long, conflicts_with = "use_peft")]
    ref_model: Option<String>,
    #[command(flatten)]
    #[serde(flatten)]
    dpo: DpoConfig,
}

/// Which texts of a prompt become pairs.
#[derive(Debug, Clone, Copy, clap::ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Selection {
    /// The text with the highest reward against the one with the lowest.
    BestWorst,
    /// Each two texts with different rewards.
    All,
}

pub fn run(options: &Options) -> Result<(), Failure> {
    options.run.processes.refuse()?;
    options.dpo.validate()?;
    let selection = match options.pair_selection {
        Selection::BestWorst => PairSelection::BestWorst,
        Selection::All => PairSelection::All,
    };
    let config = options.rounds.config(selection);
    let (prompts, on_round) = (round_prompts(&options.run.files)?, log_rounds(config.rounds));
    let panel = options.rounds.panel(options.run.runtime(), None)?;
    let rows = rounds(config, prompts, panel, on_round).map_err(align_train::Error::from)?;
    let run = DpoRun::on_policy(options.run.base_model(models::BUNDLED_POLICY)?, rows, options.dpo.clone())?;
    let run = set_if_given(run, options.ref_model.clone(), Run::reference);
    let defaults = DpoConfig::default().training;
    let peft = options.peft.adapter(options.run.model.as_deref(), &options.dpo.training, &defaults)?;
    let run = set_if_given(run, peft, Run::peft);
    TrainingCommand { name: "online-dpo", run: &options.run }.train(run, &Preparation::default(), options)
}
