//! Trains a language model on preference pairs with any loss of the DPO family.
//!
//! ```sh
//! align dpo --train-file pairs.jsonl --output-dir runs/first --loss-type hinge
//! ```

use crate::peft::PeftOptions;
use crate::preference_data::DataOptions;
use crate::run_options::{RunOptions, set_if_given};
use crate::streaming_options::StreamingOptions;
use crate::training_command::TrainingCommand;
use crate::{Failure, models};
use align_train::{DpoConfig, DpoRun, Run, RunConfig};
use clap::Args;
use serde::Serialize;

/// Trains a language model against a reference model with a loss of the DPO family. The data are preference pairs (prompt, chosen,
/// rejected), or scored texts (prompt, text, score), which are paired first.
#[derive(Args, Serialize)]
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
    /// Reference model, a folder or a hub name [default: the model before training]. With --use-peft the reference is the model without
    /// the adapter.
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
    let (numbers, seed) = (options.dpo.pair_numbers(), options.dpo.training.seed);
    let token_cache = options.streaming.token_cache()?;
    options.data.check_streaming(token_cache.is_some())?;
    let data =
        options.run.read_or_stream(token_cache, |files, columns| options.data.read(files, columns, &numbers, seed))?;
    let run = DpoRun::new(options.run.base_model(models::BUNDLED_POLICY)?, data.train, options.dpo.clone())?;
    let run = run.strip_prompt(options.data.strip_prompt).invalid_rows(options.data.invalid_rows);
    let run = set_if_given(run, data.eval, Run::eval);
    let run = set_if_given(run, options.data.max_length, Run::max_length);
    let run = set_if_given(run, options.ref_model.clone(), Run::reference);
    let defaults = DpoConfig::default().training;
    let peft = options.peft.adapter(options.run.model.as_deref(), &options.dpo.training, &defaults)?;
    let run = set_if_given(run, peft, Run::peft);
    TrainingCommand { name: "dpo", run: &options.run }.train(run, &data.preparation, options)
}
