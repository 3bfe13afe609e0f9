//! What `online-dpo`, `grpo` and `rloo` have in common.

use crate::peft::PeftOptions;
use crate::prompt_files::PromptFiles;
use crate::rounds_options::{RoundsOptions, log_rounds, round_prompts};
use crate::run_options::{Preparation, RunOptions, set_if_given};
use crate::training_command::TrainingCommand;
use crate::{Failure, models};
use align_online::{OnPolicyObjective, PairSelection, rounds};
use align_train::{Run, RunConfig};
use clap::Args;
use serde::Serialize;

/// The options of a run on texts that the policy writes itself, without those of its loss.
#[derive(Args, Serialize)]
pub struct OnPolicyOptions {
    #[command(flatten)]
    #[serde(flatten)]
    pub run: RunOptions<PromptFiles>,
    #[command(flatten)]
    #[serde(flatten)]
    pub rounds: RoundsOptions,
    #[command(flatten)]
    #[serde(flatten)]
    peft: PeftOptions,
    /// Reference model, a folder or a hub name [default: the model before training]. With --use-peft the reference is the model without
    /// the adapter.
    #[arg(long, conflicts_with = "use_peft")]
    ref_model: Option<String>,
}

impl OnPolicyOptions {
    /// Trains with an objective.
    ///
    /// * `pairs`: how texts become pairs, for objectives on pairs.
    /// * `reward_weights`: the weights of the judges, if an option of the objective gives them.
    /// * `all_options`: those of the command, with those of the objective.
    pub fn train<O: OnPolicyObjective + 'static>(
        &self,
        name: &'static str,
        config: O::Config,
        (pairs, reward_weights): (PairSelection, Option<&[f64]>),
        all_options: &impl Serialize,
    ) -> Result<(), Failure>
    where
        O::Config: Default,
    {
        self.run.processes.refuse()?;
        config.validate()?;
        let of_rounds = self.rounds.config(pairs);
        let (prompts, on_round) = (round_prompts(&self.run.files)?, log_rounds(of_rounds.rounds));
        let panel = self.rounds.panel(self.run.runtime(), reward_weights)?;
        let rows = rounds(of_rounds, prompts, panel, on_round).map_err(align_train::Error::from)?;
        let defaults = O::Config::default();
        let peft = self.peft.adapter(self.run.model.as_deref(), config.training(), defaults.training())?;
        let run = Run::<O>::on_policy(self.run.base_model(models::BUNDLED_POLICY)?, rows, config)?;
        let run = set_if_given(run, self.ref_model.clone(), Run::reference);
        let run = set_if_given(run, peft, Run::peft);
        TrainingCommand { name, run: &self.run }.train(run, &Preparation::default(), all_options)
    }
}
