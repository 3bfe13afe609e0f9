//! Trains a DistilBERT classifier on labelled texts: an old one further, or a new one from random weights.
//!
//! ```sh
//! align train-classifier --train-file labelled.csv --output-dir runs/classifier
//! align train-classifier --train-file train.parquet --output-dir runs/new \
//!     --model-config config.json --vocab-size 8192 --learning-rate 5e-4
//! ```

use crate::scratch::ScratchOptions;
use crate::training::{Base, RunOptions};
use crate::{Failure, models, output};
use align_data::{EncodedLabelledText, LabelledTexts, encode_labelled_texts, train_word_piece};
use align_models::{DistilBert, DistilBertConfig};
use align_train::{ClassificationConfig, ClassificationTrainer, RunConfig, RunFolder};
use clap::Args;
use serde::Serialize;
use std::path::Path;

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
    let _precision = options.run.precision()?;
    let (kind, device) = options.run.placement()?;
    let seed = options.classification.training().seed;
    let start = options.run.start_with(&options.classification, |folder| match options.scratch.model_config() {
        None => options.run.pretrained(
            models::REWARD_MODEL,
            |dir| {
                let (model, new_head) = DistilBert::from_pretrained_for_training(dir, seed, kind, device)?;
                if new_head {
                    output::println!(
                        "{} holds no classifier: a new one of {} classes",
                        align_base::printable_path(dir),
                        model.config().num_labels()
                    );
                }
                Ok(model)
            },
            |model| model.config().vocab_size,
        ),
        Some(config) => new_model(options, config, folder),
    })?;
    let tokenizer = start.tokenizer.clone();
    let most = start.policy.config().max_position_embeddings as usize;
    let classes = start.policy.config().labels()?.names().to_vec();
    let max_length = Some(options.classification.max_length.unwrap_or(most));
    let read = |file: &Path| -> Result<Vec<EncodedLabelledText>, Failure> {
        let table = LabelledTexts::read_classes(file, &classes)?;
        if table.is_empty() {
            return Err(format!("{}: no rows", align_base::printable_path(file)).into());
        }
        output::println!("{}\n  {} texts", align_base::printable_path(file), table.len());
        Ok(encode_labelled_texts(&tokenizer, &table.texts(), &table.labels(), max_length)?)
    };
    let (policy, run) = start.split();
    let rows = read(options.run.train_file())?;
    let count = rows.len();
    let trainer = ClassificationTrainer::new(policy, rows, options.classification.clone())?;
    run.train_without_samples(trainer, count, &read, options)
}

fn new_model(options: &Options, config: &Path, folder: &RunFolder) -> Result<Base<DistilBert>, Failure> {
    let (kind, device) = options.run.placement()?;
    let (file, config) = (config, DistilBertConfig::from_file(config)?);
    let classes = config.labels()?.names().to_vec();
    // Known before a tokeniser is trained.
    let vocab_size = options.scratch.vocab_size().unwrap_or(config.vocab_size);
    let sized = DistilBertConfig { vocab_size, ..config.clone() };
    sized.check_memory(kind, device).map_err(|e| format!("{}: {e}", align_base::printable_path(file)))?;
    let tokenizer = options.scratch.tokenizer(&options.run, folder, |vocab_size| {
        train_word_piece(&LabelledTexts::read_classes(options.run.train_file(), &classes)?.texts(), vocab_size)
    })?;
    let config = DistilBertConfig {
        vocab_size: tokenizer.embeddings_needed() as i64,
        pad_token_id: tokenizer.pad_token_id(),
        ..config
    };
    let model = DistilBert::new_random(config, options.classification.training().seed, kind, device)?;
    output::println!("a new model of {} weights", model.parameters().numel());
    Ok(Base { model, tokenizer, called: options.scratch.called(), hub_id: None })
}
