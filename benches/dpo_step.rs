//! Measures optimiser steps of DPO with GPT-2, in the same way as `compare_trl.py` measures TRL. Prints one JSON line with the seconds per step
//! and the peak memory.
//!
//! `cargo bench --bench dpo_step -- --model DIR --pairs FILE.jsonl [--batch 8] [--steps 4] [--dtype bfloat16] [--live-reference]
//! [--gradient-checkpointing] [--use-peft]`.
//! `python benches/compare_trl.py DIR` runs it alternately with TRL and prints the table in benches/README.md.
#![allow(clippy::print_stdout)]

mod support;

use align_data::{EncodeOptions, EncodedPair, PreferencePair, Tokenizer, encode_pairs};
use align_losses::LossType;
use align_models::{CausalLm, Gpt2, LoraConfig, LoraModel};
use align_torch::MatmulPrecision;
use align_train::{DpoConfig, DpoTrainer, TrainingConfig};
use clap::Parser;
use std::path::PathBuf;
use std::time::{Instant, SystemTime, UNIX_EPOCH};
use support::peak_bytes;
use tch::{Device, Kind};

#[derive(Parser)]
struct Options {
    /// Folder of a GPT-2 in transformers' layout [default: the tests' tiny GPT-2].
    #[arg(long)]
    model: Option<PathBuf>,
    /// JSON Lines file with prompt, chosen and rejected [default: the tests' pairs].
    #[arg(long)]
    pairs: Option<PathBuf>,
    /// Pairs per step.
    #[arg(long, default_value_t = 8)]
    batch: usize,
    /// Number of timed steps.
    #[arg(long, default_value_t = 3)]
    steps: u64,
    /// float32 or bfloat16.
    #[arg(long, default_value = "float32")]
    dtype: String,
    /// Run the reference model in each step instead of precomputing its log-probabilities.
    #[arg(long)]
    live_reference: bool,
    /// Maximum number of tokens in a micro-batch.
    #[arg(long, default_value_t = DpoConfig::default().micro_batch_tokens)]
    micro_batch_tokens: usize,
    /// Recompute each block in the backward pass.
    #[arg(long)]
    gradient_checkpointing: bool,
    /// Train a LoRA adapter of rank 16 on c_attn instead of all weights.
    #[arg(long)]
    use_peft: bool,
    /// Maximum number of tokens in a prompt and a completion together [default: the model's limit].
    #[arg(long)]
    max_length: Option<usize>,
    /// Passed by cargo to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() {
    let options = Options::parse();
    align_torch::keep_freed_memory();
    let _precision = MatmulPrecision::fastest_exact(Device::Cpu).set();
    let data = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/data");
    let kind = if options.dtype == "bfloat16" { Kind::BFloat16 } else { Kind::Float };
    let dir = options.model.unwrap_or_else(|| data.join("models/gpt2-tiny"));
    let model = Gpt2::from_pretrained(&dir, kind, Device::Cpu).expect("a model");
    let tokenizer = Tokenizer::from_pretrained(&dir).expect("a tokeniser");
    let text = std::fs::read_to_string(options.pairs.unwrap_or_else(|| data.join("train.jsonl"))).expect("pairs");
    // The first step is not timed, because it allocates the buffers.
    let rows = options.batch * (options.steps as usize + 1);
    let pairs: Vec<PreferencePair> =
        text.lines().take(rows).map(|line| serde_json::from_str(line).expect("a pair")).collect();
    let longest = options.max_length.unwrap_or(model.max_position_embeddings() as usize);
    let encode = EncodeOptions { max_length: Some(longest), ..EncodeOptions::default() };
    let pairs = encode_pairs(&tokenizer, &pairs, &encode).expect("token ids").pairs;
    let training = TrainingConfig {
        per_device_train_batch_size: options.batch,
        max_steps: Some(options.steps + 1),
        learning_rate: 1e-5,
        gradient_checkpointing: options.gradient_checkpointing,
        ..TrainingConfig::default()
    };
    let config = DpoConfig {
        loss_type: vec![LossType::Hinge],
        precompute_ref_log_probs: !options.live_reference,
        micro_batch_tokens: options.micro_batch_tokens,
        training,
        ..DpoConfig::default()
    };
    if options.use_peft {
        let adapter = LoraConfig { r: 16, ..LoraConfig::default() };
        train(LoraModel::new(model, adapter, 42).expect("an adapter"), pairs, config);
    } else {
        train(model, pairs, config);
    }
}

/// Trains to the end and prints the JSON line.
fn train(model: impl CausalLm + 'static, pairs: Vec<EncodedPair>, config: DpoConfig) {
    let mut trainer = DpoTrainer::new(model, None, pairs, config).expect("a trainer");
    let mut times = Vec::new();
    let mut first = None;
    loop {
        let begin = Instant::now();
        let Some(record) = trainer.next() else { break };
        record.expect("a step");
        times.push(begin.elapsed().as_secs_f64());
        first.get_or_insert_with(|| SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_secs_f64());
    }
    let first = first.expect("a first step");
    println!(
        "{{\"step_s\": {:?}, \"first_step_at\": {first:.2}, \"peak_gb\": {:.2}}}",
        &times[1..],
        peak_bytes() / 1e9
    );
}
