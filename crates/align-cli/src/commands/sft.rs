//! Trains a language model on texts: an old one further, or a new one from random weights.
//!
//! ```sh
//! align sft --train-file texts.jsonl --output-dir runs/sft --max-length 128
//! align sft --train-file train.parquet --output-dir runs/new --packing --max-length 256 \
//!     --model-config config.json --vocab-size 8192 --learning-rate 1e-3
//! ```

use crate::scratch::ScratchOptions;
use crate::training::{Base, RunOptions};
use crate::{Failure, models, output};
use align_data::{Completions, EncodedText, Tokenizer, train_byte_level_bpe};
use align_models::{CausalLm, Gpt2, Gpt2Config, TrainableModel};
use align_train::{RunConfig, RunFolder, SftConfig, SftTrainer};
use clap::Args;
use serde::Serialize;
use std::path::Path;

/// The token that ends a text, in a vocabulary that is trained here.
const EOS: &str = "<|endoftext|>";

/// Trains a language model on texts (a column text), or on completions of prompts (prompt, completion).
#[derive(Args, Serialize)]
pub struct Options {
    #[command(flatten)]
    #[serde(flatten)]
    run: RunOptions,
    #[command(flatten)]
    #[serde(flatten)]
    scratch: ScratchOptions,
    #[command(flatten)]
    #[serde(flatten)]
    sft: SftConfig,
}

pub fn run(options: &Options) -> Result<(), Failure> {
    let _precision = options.run.precision()?;
    let start = options.run.start_with(&options.sft, |folder| match options.scratch.model_config() {
        None => options.run.pretrained(models::POLICY, |dir| options.run.load(dir), CausalLm::vocab_size),
        Some(config) => new_model(options, config, folder),
    })?;
    let tokenizer = start.tokenizer.clone();
    let read = |file: &Path| encode(&options.sft, &tokenizer, file);
    let (policy, run) = start.split();
    let rows = read(options.run.train_file())?;
    let count = rows.len();
    let trainer = SftTrainer::new(policy, rows, options.sft.clone())?;
    run.train(trainer, count, &read, None, options)
}

fn encode(sft: &SftConfig, tokenizer: &Tokenizer, file: &Path) -> Result<Vec<EncodedText>, Failure> {
    output::println!("{}", align_base::printable_path(file));
    let (rows, report) = sft.encode(tokenizer, Completions::read_or_texts(file)?.rows())?;
    output::println!("  {report}");
    let rows = crate::preference_data::left(rows, file, &report)?;
    if sft.packing {
        output::println!("  packed into {} rows", rows.len());
    }
    Ok(rows)
}

fn new_model(options: &Options, config: &Path, folder: &RunFolder) -> Result<Base<Box<dyn CausalLm>>, Failure> {
    let (kind, device) = options.run.placement()?;
    let (file, config) = (config, Gpt2Config::from_file(config)?);
    // Known before a tokeniser is trained.
    let vocab_size = options.scratch.vocab_size().unwrap_or(config.vocab_size);
    let sized = Gpt2Config { vocab_size, ..config.clone() };
    sized.check_memory(kind, device).map_err(|e| format!("{}: {e}", file.display()))?;
    let tokenizer = options.scratch.tokenizer(&options.run, folder, |vocab_size| {
        let texts = Completions::read_or_texts(options.run.train_file())?;
        let texts: Vec<String> = texts.into_rows().into_iter().map(|(prompt, text)| prompt + &text).collect();
        train_byte_level_bpe(&texts, vocab_size, &[EOS])
    })?;
    let config = Gpt2Config {
        vocab_size: tokenizer.embeddings_needed() as i64,
        bos_token_id: tokenizer.bos_token_id(),
        eos_token_id: tokenizer.eos_token_id().map(|id| vec![id]),
        ..config
    };
    let model = Gpt2::new_random(config, options.sft.training().seed, kind, device)?;
    output::println!("a new model of {} weights", model.parameters().numel());
    Ok(Base { model: Box::new(model), tokenizer, called: options.scratch.called(), hub_id: None })
}
