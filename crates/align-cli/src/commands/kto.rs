//! Trains a language model on single completions that people liked or not: KTO, BCO or unpaired APO.
//!
//! ```sh
//! align kto --train-file likes.jsonl --output-dir runs/kto
//! ```

use crate::peft::PeftOptions;
use crate::run_options::{RunOptions, given};
use crate::{Failure, models};
use align_data::UnpairedPreferences;
use align_train::{KtoConfig, KtoRun, Run, RunConfig};
use clap::Args;
use serde::Serialize;

/// Trains a language model by KTO, BCO or APO-zero on judged completions (prompt, completion, label), or on both completions of preference pairs
/// (prompt, chosen, rejected).
#[derive(Args, Serialize)]
pub struct Options {
    #[command(flatten)]
    #[serde(flatten)]
    run: RunOptions,
    #[command(flatten)]
    #[serde(flatten)]
    peft: PeftOptions,
    /// Reference model, a folder or a name on the hub; a copy of the model if not given. Under an adapter it is the model without.
    #[arg(long, conflicts_with = "use_peft")]
    ref_model: Option<String>,
    /// false leaves a prompt that stands in front of its completion there twice, as the notebook does.
    #[arg(long, action = clap::ArgAction::Set, default_value_t = true)]
    strip_prompt: bool,
    #[command(flatten)]
    #[serde(flatten)]
    kto: KtoConfig,
}

pub fn run(options: &Options) -> Result<(), Failure> {
    options.kto.validate()?;
    let data = options.run.read(|file| Ok(UnpairedPreferences::read_or_unpair(file)?.into_rows().into()))?;
    let run = KtoRun::new(options.run.base(models::POLICY)?, data.train, options.kto.clone())?;
    let run = run.strip_prompt(options.strip_prompt);
    let run = given(run, data.eval, Run::eval);
    let run = given(run, options.ref_model.clone(), Run::reference);
    let run = given(run, options.peft.config(&options.kto.training), Run::peft);
    options.run.train(run, &data.preparation, options)
}
