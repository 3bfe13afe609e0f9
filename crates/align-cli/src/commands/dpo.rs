//! Trains a language model on preference pairs with any loss of the DPO family.
//!
//! ```sh
//! align dpo --train-file pairs.jsonl --output-dir runs/first --loss-type hinge
//! ```

use crate::peft::PeftOptions;
use crate::preference_data::DataOptions;
use crate::run_options::{RunOptions, given};
use crate::{Failure, models};
use align_train::{DpoConfig, DpoRun, Run, RunConfig};
use clap::Args;
use serde::Serialize;

/// Trains a language model against a reference model, by DPO or its family, on preference pairs (prompt, chosen, rejected), or on
/// scored texts (prompt, text, score), which are paired first.
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
    #[command(flatten)]
    #[serde(flatten)]
    data: DataOptions,
    #[command(flatten)]
    #[serde(flatten)]
    dpo: DpoConfig,
}

pub fn run(options: &Options) -> Result<(), Failure> {
    options.dpo.validate()?;
    let data = options.run.read(|file| options.data.read(file, options.dpo.training.seed))?;
    let run = DpoRun::new(options.run.base(models::POLICY)?, data.train, options.dpo.clone())?;
    let run = run.strip_prompt(options.data.strip_prompt);
    let run = given(run, data.eval, Run::eval);
    let run = given(run, options.data.max_length, Run::max_length);
    let run = given(run, options.ref_model.clone(), Run::reference);
    let run = given(run, options.peft.config(&options.dpo.training), Run::peft);
    options.run.train(run, &data.preparation, options)
}
