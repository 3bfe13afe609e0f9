//! Continues prompts with a GPT-2, with transformers' options.
//!
//! ```sh
//! cargo run --release --example generate -- --prompt "This movie" --do-sample --top-p 0.9
//! cargo run --release --example generate -- --do-sample --num-beams 5 --temperature 4 --no-repeat-ngram-size 2 \
//!     --min-length 50 --max-length 50 --texts-per-prompt 50 --output generated.csv
//! ```

mod common;

use align_data::tables::check_output;
use align_data::{Texts, Tokenizer};
use align_models::Gpt2;
use align_models::generation::{Completion, EarlyStopping, Generation, GenerationConfig, generate_prompts};
use clap::Parser;
use common::{Failure, RuntimeOptions, models};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Continues prompts with a GPT-2.
#[derive(Parser)]
struct Options {
    /// Language model: a folder in transformers' layout, or user/name[@revision] on the hub; the embedded one if not given.
    #[arg(long)]
    model: Option<String>,
    /// File with one prompt a line; the notebook's 46 prompts if not given.
    #[arg(long)]
    prompts: Option<PathBuf>,
    /// One prompt.
    #[arg(long, conflicts_with = "prompts")]
    prompt: Option<String>,
    /// Continue each prompt this many times over, with draws of its own each time.
    #[arg(long, default_value_t = 1)]
    texts_per_prompt: usize,
    /// Prompts continued at a time; no text depends on it.
    #[arg(long, default_value_t = 16)]
    batch_size: usize,
    /// Table of prompt and text, the prompt included: CSV, Parquet or JSONL. Printed if not given.
    #[arg(long)]
    output: Option<PathBuf>,
    /// Replace the output if it exists.
    #[arg(long)]
    overwrite: bool,
    #[command(flatten)]
    decoding: Decoding,
    #[command(flatten)]
    runtime: RuntimeOptions,
}

/// transformers' options; what is not given has transformers' default.
#[derive(clap::Args)]
struct Decoding {
    /// Draw tokens instead of taking the likeliest.
    #[arg(long)]
    do_sample: bool,
    /// Beams; 1 is no beam search.
    #[arg(long, default_value_t = 1)]
    num_beams: usize,
    /// Texts returned from one search, or drawn from one prompt.
    #[arg(long, default_value_t = 1)]
    num_return_sequences: usize,
    /// Divides the scores before drawing [default: 1].
    #[arg(long)]
    temperature: Option<f64>,
    /// Draw among so many likeliest tokens, 0 among all [default: 50].
    #[arg(long)]
    top_k: Option<usize>,
    /// Draw among the likeliest tokens of this total probability [default: 1].
    #[arg(long)]
    top_p: Option<f64>,
    /// No run of so many tokens twice in a text; 0 is off.
    #[arg(long, default_value_t = 0)]
    no_repeat_ngram_size: usize,
    /// Above 1 makes tokens of the text so far less likely.
    #[arg(long, default_value_t = 1.0)]
    repetition_penalty: f64,
    /// Beam scores are divided by the new tokens to this power [default: 1].
    #[arg(long, allow_negative_numbers = true)]
    length_penalty: Option<f64>,
    /// When beam search stops: true, false or never [default: false].
    #[arg(long, num_args = 0..=1, default_missing_value = "true")]
    early_stopping: Option<EarlyStopping>,
    /// Least tokens of a text, prompt included.
    #[arg(long)]
    min_length: Option<usize>,
    /// Most tokens of a text, prompt included [default: the prompt's and 20].
    #[arg(long)]
    max_length: Option<usize>,
    /// Least tokens behind the prompt.
    #[arg(long)]
    min_new_tokens: Option<usize>,
    /// Most tokens behind the prompt [default: 20].
    #[arg(long)]
    max_new_tokens: Option<usize>,
    /// Fixes all draws.
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

fn main() -> ExitCode {
    let options: Options = common::options::parse();
    common::run(|| generate(&options))
}

fn generate(options: &Options) -> Result<(), Failure> {
    let _precision = options.runtime.precision();
    if let Some(output) = &options.output {
        check_output(output, options.overwrite)?;
    }
    let generation = Generation::new(options.decoding.config())?;
    let prompts = prompts(options)?;
    let dir = models::folder(options.model.as_deref(), models::POLICY)?;
    let tokenizer = Tokenizer::from_pretrained(&dir)?;
    let model = Gpt2::from_pretrained(&dir, options.runtime.dtype, options.runtime.device()?)?;

    let ids = tokenizer.encode_batch(&prompts, false, None)?;
    let completions = generate_prompts(&model, &ids, &generation, options.batch_size)?;
    let whole: Vec<Vec<i64>> = completions.iter().map(|c: &Completion| [&ids[c.prompt][..], &c.ids].concat()).collect();
    let texts = tokenizer.decode_batch(&whole, true)?;

    let Some(output) = &options.output else {
        texts.iter().for_each(|text| println!("{text}\n"));
        return Ok(());
    };
    let of: Vec<&str> = completions.iter().map(|c| prompts[c.prompt].as_str()).collect();
    Texts::new(&of, &texts)?.write(output, options.overwrite)?;
    println!("{} texts written to {}", texts.len(), output.display());
    Ok(())
}

impl Decoding {
    fn config(&self) -> GenerationConfig {
        GenerationConfig {
            do_sample: self.do_sample,
            num_beams: self.num_beams,
            num_return_sequences: self.num_return_sequences,
            temperature: self.temperature,
            top_k: self.top_k,
            top_p: self.top_p,
            no_repeat_ngram_size: self.no_repeat_ngram_size,
            repetition_penalty: self.repetition_penalty,
            length_penalty: self.length_penalty,
            early_stopping: self.early_stopping,
            min_length: self.min_length,
            max_length: self.max_length,
            min_new_tokens: self.min_new_tokens,
            max_new_tokens: self.max_new_tokens,
            seed: self.seed,
            ..GenerationConfig::default()
        }
    }
}

fn prompts(options: &Options) -> Result<Vec<String>, Failure> {
    let each = match (&options.prompt, &options.prompts) {
        (Some(prompt), _) => vec![prompt.clone()],
        (None, Some(file)) => lines(file)?,
        (None, None) => common::prompts::NOTEBOOK_PROMPTS.map(String::from).to_vec(),
    };
    Ok(each.into_iter().flat_map(|prompt| vec![prompt; options.texts_per_prompt]).collect())
}

fn lines(file: &Path) -> Result<Vec<String>, Failure> {
    let text = std::fs::read_to_string(file).map_err(|e| format!("{}: {e}", file.display()))?;
    let lines: Vec<String> = text.lines().map(String::from).collect();
    match lines.iter().position(|line| line.trim().is_empty()) {
        _ if lines.is_empty() => Err(format!("{}: no prompts; write one a line", file.display()).into()),
        Some(at) => Err(format!("{}, line {}: an empty prompt; remove the line", file.display(), at + 1).into()),
        None => Ok(lines),
    }
}
