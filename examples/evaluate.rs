//! Measures generated texts: token entropy, the notebook's entropy, mean reward, each with a confidence interval.
//!
//! ```sh
//! cargo run --release --example evaluate -- --input scored.csv --tokenizer gpt2/
//! ```

mod common;

use align_data::{Texts, Tokenizer};
use align_metrics::{Bootstrap, EqualSamples, Estimate, EvaluationReport, equal_samples_entropy};
use align_models::DistilBert;
use clap::Parser;
use common::{Failure, RuntimeOptions, models};
use serde_json::json;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Measures generated texts: token entropy, the notebook's entropy, mean reward, each with a confidence interval.
#[derive(Parser)]
struct Options {
    /// Table with a column text, and score if it has been scored: CSV, Parquet or JSONL.
    #[arg(long)]
    input: PathBuf,
    /// The tokeniser that entropies count by: a folder with tokenizer.json or vocab.json and merges.txt, or a model on the
    /// hub. The embedded GPT-2's if not given.
    #[arg(long)]
    tokenizer: Option<String>,
    /// Classifier that scores texts without scores: a folder in transformers' layout, or user/name[@revision] on the hub.
    /// Without it they have no reward.
    #[arg(long)]
    model: Option<String>,
    /// Texts scored at a time.
    #[arg(long, default_value_t = 32, requires = "model")]
    batch_size: usize,
    /// Resamples behind each interval.
    #[arg(long, default_value_t = Bootstrap::default().resamples)]
    resamples: usize,
    /// Level of the intervals.
    #[arg(long, default_value_t = Bootstrap::default().level)]
    level: f64,
    /// Fixes the resamples.
    #[arg(long, default_value_t = Bootstrap::default().seed)]
    seed: u64,
    /// Also the mean token entropy of samples of this many texts, to compare models by; with --equal-tokens.
    #[arg(long, requires = "equal_tokens")]
    equal_texts: Option<usize>,
    /// Those samples' texts are cut to this many tokens.
    #[arg(long, requires = "equal_texts")]
    equal_tokens: Option<usize>,
    /// The numbers as JSON.
    #[arg(long)]
    output: Option<PathBuf>,
    /// Replace the output if it exists.
    #[arg(long, requires = "output")]
    overwrite: bool,
    #[command(flatten)]
    runtime: RuntimeOptions,
}

fn main() -> ExitCode {
    let options: Options = common::options::parse();
    common::run(|| evaluate(&options))
}

fn evaluate(options: &Options) -> Result<(), Failure> {
    if let Some(output) = &options.output {
        common::refuse_existing(output, options.overwrite)?;
    }
    let bootstrap = Bootstrap { resamples: options.resamples, level: options.level, seed: options.seed };
    bootstrap.validate()?;
    let table = Texts::read(&options.input)?;
    let tokenizer = Tokenizer::from_pretrained(models::folder(options.tokenizer.as_deref(), models::POLICY)?)?;
    let texts = tokenizer.encode_batch(&table.texts(), false, None)?;
    let (scores, skip) = (scores(options, &table)?, tokenizer.eos_token_id());
    let report = EvaluationReport::of(&texts, skip, scores.as_deref(), &bootstrap)?;
    let equal_samples = match (options.equal_texts, options.equal_tokens) {
        (Some(texts_drawn), Some(tokens)) => {
            let sample = EqualSamples { texts: texts_drawn, tokens };
            Some(equal_samples_entropy(&texts, skip, sample, &bootstrap)?)
        }
        _ => None,
    };
    print(&report, equal_samples, options);
    if let Some(output) = &options.output {
        let numbers = json!({ "report": report, "equal_samples_entropy": equal_samples });
        write(output, &serde_json::to_string_pretty(&numbers)?, options.overwrite)?;
    }
    Ok(())
}

/// The table's scores, or those of the model.
fn scores(options: &Options, table: &Texts) -> Result<Option<Vec<f64>>, Failure> {
    let Some(name) = &options.model else { return Ok(table.scores()) };
    if table.scores().is_some() {
        return Err(format!("{} has scores already: leave --model out", options.input.display()).into());
    }
    let dir = models::fetch(name)?;
    let tokenizer = Tokenizer::from_pretrained(&dir)?;
    let _precision = options.runtime.precision()?;
    let model = DistilBert::from_pretrained(&dir, options.runtime.dtype, options.runtime.device()?)?.packed()?;
    let logits = common::score::logits(&model, &tokenizer, &table.texts(), options.batch_size)?;
    Ok(Some(common::score::rewards(&logits)))
}

fn print(report: &EvaluationReport, equal_samples: Option<Estimate>, options: &Options) {
    println!("rows    {}\ntokens  {}\n", report.rows, report.tokens);
    println!("{:34} {:>20} {:>20} {:>20}", "", "value", "low", "high");
    let line = |name: &str, estimate: Option<Estimate>| match estimate {
        Some(Estimate { value, interval }) => {
            println!("{name:34} {value:>20} {:>20} {:>20}", interval.low, interval.high);
        }
        None => println!("{name:34} {:>20}", "no scores"),
    };
    line("token entropy, nats", Some(report.token_entropy));
    line("the same, Miller-Madow corrected", Some(report.miller_madow_entropy));
    line("notebook's entropy, nats", Some(report.notebook_entropy));
    line("mean reward", report.mean_reward);
    if equal_samples.is_some() {
        line("token entropy of equal samples", equal_samples);
    }
    println!("\nlow, high: {}% over {} bootstrap resamples of texts", options.level * 100.0, options.resamples);
}

fn write(path: &Path, text: &str, overwrite: bool) -> Result<(), Failure> {
    let fail = |e: std::io::Error| format!("{}: {e}", path.display());
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(fail)?;
    writeln!(file, "{text}").and_then(|()| file.as_file().sync_all()).map_err(fail)?;
    let kept = if overwrite { file.persist(path) } else { file.persist_noclobber(path) };
    kept.map_err(|e| fail(e.error))?;
    Ok(())
}
