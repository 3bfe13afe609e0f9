//! Trains a language model on texts: an old one further, or a new one from random weights.
//!
//! ```sh
//! align sft --train-file texts.jsonl --output-dir runs/sft --max-length 128
//! align sft --train-file train.parquet --output-dir runs/new --packing --max-length 256 \
//!     --model-config config.json --vocab-size 8192 --learning-rate 1e-3
//! ```

use crate::run_options::{RunOptions, given};
use crate::scratch::ScratchOptions;
use crate::{Failure, models};
use align_data::Completions;
use align_train::{Run, RunConfig, SftConfig, SftRun};
use clap::Args;
use serde::Serialize;

/// Trains a language model on texts (a column text), or on completions of prompts (prompt, completion).
#[derive(Args, Serialize)]
pub struct Options {
    #[command(flatten)]
    #[serde(flatten)]
    run: RunOptions,
    #[command(flatten)]
    #[serde(flatten)]
    scratch: ScratchOptions,
    #[command(flatten)]
    #[serde(flatten)]
    sft: SftConfig,
}

pub fn run(options: &Options) -> Result<(), Failure> {
    options.sft.validate()?;
    let mut data = options.run.read(|file| Ok(Completions::read_or_texts(file)?.into_rows().into()))?;
    data.preparation.packing = options.sft.packing;
    let base = options.run.base_or_new(&options.scratch, models::POLICY, &mut data.preparation)?;
    let run = given(SftRun::new(base, data.train, options.sft.clone())?, data.eval, Run::eval);
    options.run.train(run, &data.preparation, options)
}
