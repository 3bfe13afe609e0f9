//! Trains a language model on preference pairs without a reference model: CPO, SimPO, AlphaPO, ORPO or SLiC-HF.
//!
//! ```sh
//! align cpo --train-file pairs.jsonl --output-dir runs/simpo --loss-type simpo --beta 2 --cpo-alpha 0
//! ```

use crate::Failure;
use crate::peft::PeftOptions;
use crate::preference_data::DataOptions;
use crate::training::RunOptions;
use align_models::CausalLm;
use align_train::{CpoConfig, CpoTrainer};
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
    #[command(flatten)]
    #[serde(flatten)]
    data: DataOptions,
    #[command(flatten)]
    #[serde(flatten)]
    cpo: CpoConfig,
}

pub fn run(options: &Options) -> Result<(), Failure> {
    let _precision = options.run.precision()?;
    let start = options.run.start(&options.cpo)?;
    let (tokenizer, n_positions) = (start.tokenizer.clone(), start.policy.n_positions());
    let (data, seed) = (&options.data, options.cpo.training.seed);
    let read = |file: &Path| {
        let encoded = data.encode_with_bos(&tokenizer, &data.read(file, seed)?, n_positions);
        encoded.map_err(|e| format!("{}: {e}", file.display()).into())
    };
    let (policy, run) = start.split();
    let policy = options.peft.policy(policy, options.run.model(), &options.cpo.training)?;
    let pairs = read(options.run.train_file())?;
    let count = pairs.len();
    let config = options.cpo.clone();
    run.train(CpoTrainer::new(policy, pairs, config)?, count, &read, None, options)
}
