//! Supervised fine-tuning of an existing language model, or pre-training of a new one from random weights.
//!
//! ```sh
//! align sft --train-file texts.jsonl --output-dir runs/sft --max-length 128
//! align sft --train-file train.parquet --output-dir runs/new --packing --max-length 256 \
//!     --model-config config.json --vocab-size 8192 --learning-rate 1e-3
//! ```

use crate::data_layout::Layout;
use crate::new_model::NewModelOptions;
use crate::peft::PeftOptions;
use crate::run_options::{RunOptions, set_if_given};
use crate::training_command::TrainingCommand;
use crate::{Failure, models};
use align_data::tables::Examples;
use align_data::{CompletionExample, InvalidRows};
use align_train::{Run, RunConfig, SftConfig, SftRun};
use clap::Args;
use serde::Serialize;

/// Trains a language model on texts (a column text), or on prompts with completions (prompt, completion).
#[derive(Args, Serialize)]
pub struct Options {
    #[command(flatten)]
    #[serde(flatten)]
    pub(super) run: RunOptions,
    #[command(flatten)]
    #[serde(flatten)]
    new_model: NewModelOptions,
    #[command(flatten)]
    #[serde(flatten)]
    peft: PeftOptions,
    /// What happens to rows that teach nothing: rows that the chat template refuses, and rows without a completion.
    #[arg(long, value_enum, default_value = "drop")]
    invalid_rows: InvalidRows,
    #[command(flatten)]
    #[serde(flatten)]
    sft: SftConfig,
}

pub fn run(options: &Options) -> Result<(), Failure> {
    options.sft.validate()?;
    let mut data = options.run.read(|files, columns| {
        Ok(columns
            .read(&[Layout::Completions, Layout::Conversations, Layout::Texts], |names| {
                Examples::<CompletionExample>::read_files(files, names)
            })?
            .into())
    })?;
    data.preparation.packing = options.sft.packing;
    let model = options.run.base_or_new_model(&options.new_model, models::BUNDLED_POLICY, &mut data.preparation)?;
    let run = set_if_given(SftRun::new(model, data.train, options.sft.clone())?, data.eval, Run::eval);
    let run = run.invalid_rows(options.invalid_rows);
    let defaults = SftConfig::default().training;
    let peft = options.peft.adapter(options.run.model.as_deref(), &options.sft.training, &defaults)?;
    let run = set_if_given(run, peft, Run::peft);
    TrainingCommand { name: "sft", run: &options.run }.train(run, &data.preparation, options)
}
