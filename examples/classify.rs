//! Scores texts with a DistilBERT classifier; as in the notebook, the reward is minus logit 0.
//!
//! ```sh
//! cargo run --release --example classify -- --input generated.csv --output scored.csv
//! ```

mod common;

use align_data::tables::check_output;
use align_data::{Texts, Tokenizer};
use align_models::DistilBert;
use clap::Parser;
use common::signals::Keeping;
use common::{Failure, RuntimeOptions, models, output};
use std::path::PathBuf;
use std::process::ExitCode;

/// Texts that are tokenised and sorted by length at a time.
const PART: usize = 1024;

/// Scores texts with a DistilBERT classifier; the reward is minus logit 0.
#[derive(Parser)]
struct Options {
    /// Classifier: a folder in transformers' layout, or user/name[@revision] on the hub; the embedded one if not given.
    #[arg(long)]
    model: Option<String>,
    /// Table with a column text: CSV, Parquet or JSONL.
    #[arg(long)]
    input: PathBuf,
    /// The same rows with score and one column a logit; CSV, Parquet or JSONL.
    #[arg(long)]
    output: PathBuf,
    /// Replace the output if it exists.
    #[arg(long)]
    overwrite: bool,
    /// Texts scored at a time.
    #[arg(long, default_value_t = 32)]
    batch_size: usize,
    #[command(flatten)]
    runtime: RuntimeOptions,
}

fn main() -> ExitCode {
    common::run(|| classify(&common::options::parse()?))
}

fn classify(options: &Options) -> Result<(), Failure> {
    let _precision = options.runtime.precision()?;
    check_output(&options.output, options.overwrite)?;
    let texts = Texts::read(&options.input)?;
    let dir = models::folder(options.model.as_deref(), models::REWARD_MODEL)?;
    let model = DistilBert::from_pretrained(&dir, options.runtime.dtype, options.runtime.device()?)?.packed()?;
    let tokenizer = models::tokenizer(&dir, model.config().vocab_size)?;
    let logits = logits(&model, &tokenizer, &texts.texts(), options.batch_size)?;
    let scores = common::score::rewards(&logits);
    let mut table = texts.with_scores(&scores)?;
    for class in 0..model.config().num_labels() {
        let column: Vec<f64> = logits.iter().filter_map(|row| row.get(class as usize)).map(|x| f64::from(*x)).collect();
        table = table.with_column(&format!("logit_{class}"), &column)?;
    }
    let _keeping = Keeping::files();
    table.write(&options.output, options.overwrite)?;
    let mean = scores.iter().sum::<f64>() / scores.len().max(1) as f64;
    output::println!(
        "{} texts, mean score {mean}, written to {}",
        scores.len(),
        align_printable::printable_path(&options.output)
    );
    Ok(())
}

/// Class logits of all texts, with a bar. Token ids and activations exist for a part of the texts at a time.
fn logits(
    model: &DistilBert,
    tokenizer: &Tokenizer,
    texts: &[&str],
    batch_size: usize,
) -> Result<Vec<Vec<f32>>, Failure> {
    let bar = common::progress::bar(texts.len(), 0, "texts");
    let part = PART.max(batch_size);
    let mut logits = Vec::with_capacity(texts.len());
    for (number, texts) in texts.chunks(part).enumerate() {
        let found = common::score::logits(model, tokenizer, texts, batch_size);
        logits.extend(found.map_err(|e| match number {
            0 => e,
            _ => format!("after row {}: {e}", number * part).into(),
        })?);
        bar.inc(texts.len() as u64);
    }
    bar.finish();
    Ok(logits)
}
