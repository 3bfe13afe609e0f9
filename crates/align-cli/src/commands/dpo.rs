//! Trains a language model on preference pairs with any loss of the DPO family.
//!
//! ```sh
//! align dpo --train-file pairs.jsonl --output-dir runs/first --loss-type hinge
//! ```

use crate::peft::PeftOptions;
use crate::preference_data::DataOptions;
use crate::training::{RunOptions, reference_in_words};
use crate::{Failure, models};
use align_models::CausalLm;
use align_train::{DpoConfig, DpoTrainer};
use clap::Args;
use serde::Serialize;
use std::path::Path;

/// Trains a language model on preference pairs (prompt, chosen, rejected), or on scored texts (prompt, text, score), which are
/// paired first.
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
    let _precision = options.run.precision()?;
    let named = options.ref_model.as_deref().and_then(models::local);
    options.run.check_apart("--ref-model", named.as_deref())?;
    options.run.check_apart("--ref-log-probs-dir", options.dpo.ref_log_probs_dir.as_deref())?;
    let start = options.run.start(&options.dpo)?;
    let reference = options.run.reference(options.ref_model.as_deref())?;
    let (tokenizer, n_positions) = (start.tokenizer.clone(), start.policy.n_positions());
    let (data, seed) = (&options.data, options.dpo.training.seed);
    let read = |file: &Path| {
        let encoded = data.encode(&tokenizer, &data.read(file, seed)?, n_positions);
        encoded.map_err(|e| format!("{}: {e}", file.display()).into())
    };
    let (policy, run) = start.split();
    let policy = options.peft.policy(policy, options.run.model(), &options.dpo.training)?;
    let pairs = read(options.run.train_file())?;
    let count = pairs.len();
    let (config, words) = (options.dpo.clone(), Some(reference_in_words(options.ref_model.as_deref())));
    run.train(DpoTrainer::new(policy, reference, pairs, config)?, count, &read, words, options)
}
