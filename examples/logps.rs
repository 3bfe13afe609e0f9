//! Log-probabilities of completions under a model.
//!
//! ```sh
//! cargo run --release --example logps -- --input pairs.jsonl --output logps.jsonl --token-logps
//! ```

mod common;

use align_data::{PreferencePair, Tokenizer, EncodeOptions, encode_pairs};
use align_models::Gpt2;
use align_train::{Completion, completion_logps};
use clap::Parser;
use common::{Failure, RuntimeOptions};
use serde_json::{Map, Value};
use std::path::PathBuf;
use std::process::ExitCode;

/// Log-probabilities of completions under a model, in nats.
#[derive(Parser)]
struct Options {
    /// Language model: a folder in transformers' layout; the embedded one if not given.
    #[arg(long)]
    model: Option<PathBuf>,
    /// JSONL or Parquet with prompt and completion, or with prompt, chosen and rejected.
    #[arg(long)]
    input: PathBuf,
    /// JSONL: the rows with summed log-probabilities and token counts.
    #[arg(long)]
    output: PathBuf,
    /// Replace the output if it exists.
    #[arg(long)]
    overwrite: bool,
    /// Also write each token's log-probability.
    #[arg(long)]
    token_logps: bool,
    /// Judge completions without an EOS at their end.
    #[arg(long)]
    no_eos: bool,
    /// Sequences at a time.
    #[arg(long, default_value_t = 16)]
    batch_size: usize,
    #[command(flatten)]
    runtime: RuntimeOptions,
}

fn main() -> ExitCode {
    let options = Options::parse();
    common::run(|| logps(&options))
}
