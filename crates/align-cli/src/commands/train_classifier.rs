//! Trains a DistilBERT classifier on labelled texts: an old one further, or a new one from random weights.
//!
//! ```sh
//! align train-classifier --train-file labelled.csv --output-dir runs/classifier
//! align train-classifier --train-file train.parquet --output-dir runs/new \
//!     --model-config config.json --vocab-size 8192 --learning-rate 5e-4
//! ```

use crate::run_options::{RunOptions, given};
use crate::scratch::ScratchOptions;
use crate::{Failure, models};
use align_base::printable_path;
use align_data::LabelledTexts;
use align_models::DistilBertConfig;
use align_train::{ClassificationConfig, ClassificationRun, Run, RunConfig};
use clap::Args;
use serde::Serialize;

/// Trains a classifier on labelled texts (text, label); a label is a class by its number, from 0, or its name.
#[derive(Args, Serialize)]
#[command(mut_arg("model", |arg| arg.help("Classifier: a folder in transformers' layout, or user/name[@revision] on the hub; \
    the embedded one if not given")))]
#[command(mut_arg("sample_prompts", |arg| arg.hide(true)))]
pub struct Options {
    #[command(flatten)]
    #[serde(flatten)]
    run: RunOptions,
    #[command(flatten)]
    #[serde(flatten)]
    scratch: ScratchOptions,
    #[command(flatten)]
    #[serde(flatten)]
    classification: ClassificationConfig,
}

pub fn run(options: &Options) -> Result<(), Failure> {
    options.run.refuse_samples()?;
    options.classification.validate()?;
    let config = match options.scratch.model_config() {
        Some(file) => DistilBertConfig::from_file(file)?,
        None => DistilBertConfig::from_pretrained(&options.run.model_folder(models::REWARD_MODEL)?)?,
    };
    let classes = config.labels()?.names().to_vec();
    let mut data = options.run.read(|file| {
        let table = LabelledTexts::read_classes(file, &classes)?;
        if table.is_empty() {
            return Err(format!("{}: no rows", printable_path(file)).into());
        }
        Ok(table.into_rows().into())
    })?;
    let base = options.run.base_or_new(&options.scratch, models::REWARD_MODEL, &mut data.preparation)?;
    let run = ClassificationRun::new(base, data.train, options.classification.clone())?;
    let run = given(run, data.eval, Run::eval);
    options.run.train_without_samples(run, &data.preparation, options)
}
