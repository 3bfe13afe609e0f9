//! Trains a language model on unpaired completions labelled as desirable or undesirable: KTO, BCO or APO-zero.
//!
//! ```sh
//! align kto --train-file likes.jsonl --output-dir runs/kto
//! ```

use crate::data_layout::Layout;
use crate::peft::PeftOptions;
use crate::run_options::{RunOptions, set_if_given};
use crate::training_command::TrainingCommand;
use crate::{Failure, models, processes};
use align_data::tables::Examples;
use align_data::{InvalidRows, UnpairedExample};
use align_train::{KtoConfig, KtoRun, Run, RunConfig};
use clap::Args;
use serde::Serialize;

/// Trains a language model with KTO, BCO or APO-zero. The data are labelled completions (prompt, completion, label), or preference
/// pairs (prompt, chosen, rejected), of which both completions are used.
#[derive(Args, Serialize)]
pub struct Options {
    #[command(flatten)]
    #[serde(flatten)]
    pub(super) run: RunOptions,
    #[command(flatten)]
    #[serde(flatten)]
    peft: PeftOptions,
    /// Reference model, a folder or a hub name [default: the model before training]. With --use-peft the reference is the model without
    /// the adapter.
    #[arg(long, conflicts_with = "use_peft")]
    ref_model: Option<String>,
    /// Remove the prompt from completions that begin with it; with false, the prompt occurs twice in the sequence.
    #[arg(long, action = clap::ArgAction::Set, default_value_t = true)]
    strip_prompt: bool,
    /// What happens to rows that teach nothing: rows that the chat template refuses, rows without a completion, and pairs of equal sides.
    #[arg(long, value_enum, default_value = "drop")]
    invalid_rows: InvalidRows,
    #[command(flatten)]
    #[serde(flatten)]
    kto: KtoConfig,
}

pub fn run(options: &Options) -> Result<(), Failure> {
    let mut config = options.kto.clone();
    config.training.num_processes = processes::world_size();
    config.validate()?;
    let data = options.run.read(|files, columns| {
        Ok(columns
            .read(&[Layout::LabelledCompletions, Layout::Pairs], |names| {
                Examples::<UnpairedExample>::read_files(files, names)
            })?
            .into())
    })?;
    let run = KtoRun::new(options.run.base_model(models::BUNDLED_POLICY)?, data.train, config)?;
    let run = run.strip_prompt(options.strip_prompt).invalid_rows(options.invalid_rows);
    let run = set_if_given(run, data.eval, Run::eval);
    let run = set_if_given(run, options.ref_model.clone(), Run::reference);
    let defaults = KtoConfig::default().training;
    let peft = options.peft.adapter(options.run.model.as_deref(), &options.kto.training, &defaults)?;
    let run = set_if_given(run, peft, Run::peft);
    TrainingCommand { name: "kto", run: &options.run }.train(run, &data.preparation, options)
}
