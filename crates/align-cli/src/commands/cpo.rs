//! Trains a language model on preference pairs without a reference model: CPO, SimPO, AlphaPO, ORPO or SLiC-HF.
//!
//! ```sh
//! align cpo --train-file pairs.jsonl --output-dir runs/simpo --loss-type simpo --beta 2 --cpo-alpha 0
//! ```

use crate::peft::PeftOptions;
use crate::preference_data::DataOptions;
use crate::run_options::{RunOptions, set_if_given};
use crate::streaming_options::StreamingOptions;
use crate::training_command::TrainingCommand;
use crate::{Failure, models};
use align_train::{CpoConfig, CpoRun, Run, RunConfig};
use clap::Args;
use serde::Serialize;

/// Trains a language model without a reference model: CPO, SimPO, AlphaPO, ORPO or SLiC-HF. The data are preference pairs (prompt,
/// chosen, rejected), or scored texts (prompt, text, score), which are paired first.
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
    #[command(flatten)]
    #[serde(flatten)]
    data: DataOptions,
    #[command(flatten)]
    #[serde(flatten)]
    cpo: CpoConfig,
}

pub fn run(options: &Options) -> Result<(), Failure> {
    options.cpo.validate()?;
    let token_cache = options.streaming.token_cache()?;
    options.data.check_streaming(token_cache.is_some())?;
    let data = options.run.read_or_stream(token_cache, |files, columns| {
        options.data.read(files, columns, &[], options.cpo.training.seed)
    })?;
    let run = CpoRun::new(options.run.base_model(models::BUNDLED_POLICY)?, data.train, options.cpo.clone())?;
    let run = run.strip_prompt(options.data.strip_prompt).invalid_rows(options.data.invalid_rows);
    let run = set_if_given(run, data.eval, Run::eval);
    let run = set_if_given(run, options.data.max_length, Run::max_length);
    let defaults = CpoConfig::default().training;
    let peft = options.peft.adapter(options.run.model.as_deref(), &options.cpo.training, &defaults)?;
    let run = set_if_given(run, peft, Run::peft);
    TrainingCommand { name: "cpo", run: &options.run }.train(run, &data.preparation, options)
}
