//! Trains a language model on single completions that people liked or not: KTO, BCO or unpaired APO.
//!
//! ```sh
//! align kto --train-file likes.jsonl --output-dir runs/kto
//! ```

use crate::peft::PeftOptions;
use crate::training::{RunOptions, reference_in_words};
use crate::{Failure, models, output};
use align_data::{EncodeOptions, EncodedUnpaired, UnpairedPreferences, encode_unpaired};
use align_models::CausalLm;
use align_train::{KtoConfig, KtoTrainer};
use clap::Args;
use serde::Serialize;
use std::path::Path;

/// Trains a language model on judged completions (prompt, completion, label), or on both completions of preference pairs
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
    let _precision = options.run.precision()?;
    let named = options.ref_model.as_deref().and_then(models::local);
    options.run.check_apart("--ref-model", named.as_deref())?;
    let start = options.run.start(&options.kto)?;
    let reference = options.run.reference(options.ref_model.as_deref())?;
    let tokenizer = start.tokenizer.clone();
    let max_length = Some(options.kto.max_length.unwrap_or(start.policy.n_positions() as usize));
    let encoding = EncodeOptions { max_length, strip_prompt: options.strip_prompt, ..EncodeOptions::default() };
    let read = |file: &Path| -> Result<Vec<EncodedUnpaired>, Failure> {
        output::println!("{}", align_base::printable_path(file));
        let encoded = encode_unpaired(&tokenizer, UnpairedPreferences::read_or_unpair(file)?.rows(), &encoding)?;
        output::println!("  {}", encoded.report);
        crate::preference_data::left(encoded.rows, file, &encoded.report)
    };
    let (policy, run) = start.split();
    let policy = options.peft.policy(policy, options.run.model(), &options.kto.training)?;
    let rows = read(options.run.train_file())?;
    let count = rows.len();
    let (config, words) = (options.kto.clone(), Some(reference_in_words(options.ref_model.as_deref())));
    run.train(KtoTrainer::new(policy, reference, rows, config)?, count, &read, words, options)
}
