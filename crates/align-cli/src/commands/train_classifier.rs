//! Trains a DistilBERT classifier on labelled texts: an existing one, or a new one from random weights.
//!
//! ```sh
//! align train-classifier --train-file labelled.csv --output-dir runs/classifier
//! align train-classifier --train-file train.parquet --output-dir runs/new \
//!     --model-config config.json --vocab-size 8192 --learning-rate 5e-4
//! ```

use crate::data_layout::Layout;
use crate::new_model::NewModelOptions;
use crate::run_options::{RunOptions, set_if_given};
use crate::training_command::TrainingCommand;
use crate::{Failure, models};
use align_base::printable_path;
use align_data::LabelledTexts;
use align_models::DistilBertConfig;
use align_train::{ClassificationConfig, ClassificationRun, Run, RunConfig};
use clap::Args;
use serde::Serialize;

/// Trains a classifier on labelled texts (text, label). A label is a class number, from 0, or a class name.
#[derive(Args, Serialize)]
#[command(mut_arg("model", |arg| arg.help("Classifier to train: a folder in transformers' layout, or user/name[@revision] on the hub \
    [default: the bundled classifier]")))]
#[command(mut_arg("sample_prompts", |arg| arg.hide(true)))]
pub struct Options {
    #[command(flatten)]
    #[serde(flatten)]
    pub(super) run: RunOptions,
    #[command(flatten)]
    #[serde(flatten)]
    new_model: NewModelOptions,
    #[command(flatten)]
    #[serde(flatten)]
    classification: ClassificationConfig,
}

pub fn run(options: &Options) -> Result<(), Failure> {
    options.run.refuse_sample_prompts()?;
    options.classification.validate()?;
    let config = match options.new_model.model_config() {
        // Only its labels are used here, so the size of the vocabulary does not matter.
        Some(file) => DistilBertConfig::for_new_model(file, 1)?,
        None => DistilBertConfig::from_pretrained(&options.run.model_folder(models::BUNDLED_REWARD_MODEL)?)?,
    };
    let classes = config.labels()?.names().to_vec();
    let mut data = options.run.read(|files, columns| {
        let mut rows = Vec::new();
        for file in files {
            let table = columns
                .read(&[Layout::LabelledTexts], |names| LabelledTexts::read_classes_renamed(file, &classes, names))?;
            if table.is_empty() {
                return Err(format!("{}: no rows", printable_path(file)).into());
            }
            rows.extend(table.into_rows());
        }
        Ok(rows.into())
    })?;
    let model =
        options.run.base_or_new_model(&options.new_model, models::BUNDLED_REWARD_MODEL, &mut data.preparation)?;
    let run = ClassificationRun::new(model, data.train, options.classification.clone())?;
    let run = set_if_given(run, data.eval, Run::eval);
    TrainingCommand { name: "train-classifier", run: &options.run }.train_classifier(run, &data.preparation, options)
}
