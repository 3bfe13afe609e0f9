//! Measures optimiser steps of DPO in the same way as `compare_trl.py`, `compare_chat.py` and `gpu/compare.py` measure those of TRL. Rows are
//! used in the order of the file, and the learning rate is constant. Prints one JSON line: seconds, loss and gradient norm of each step,
//! the token ids of the first batch, the evaluation, and the peak memory.
//!
//! `cargo bench --bench dpo_step -- --model DIR --pairs FILE.jsonl [--eval FILE.jsonl] [--batch 8] [--steps 4] [--loss-type sigmoid]
//! [--device cuda] [--dtype bfloat16] [--live-reference] [--gradient-checkpointing] [--use-peft]`.
#![allow(clippy::print_stdout)]

mod support;

use align_data::tables::Examples;
use align_data::{EncodeOptions, EncodedPair, PairExample, Tokenizer, encode_pairs};
use align_losses::LossType;
use align_models::{AutoModelForCausalLm, CausalLm, LoraConfig, LoraModel};
use align_torch::{DeviceChoice, Environment, MatmulPrecision};
use align_train::{DpoConfig, DpoTrainer, LrSchedulerType, SamplingStrategy, TrainingConfig};
use clap::Parser;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime, UNIX_EPOCH};
use support::{kind, peak_bytes, tiny_gpt2};

#[derive(Parser)]
struct Options {
    /// Folder of a causal language model in transformers' layout [default: the tests' tiny GPT-2].
    #[arg(long)]
    model: Option<PathBuf>,
    /// Preference pairs: texts or conversations [default: the tests' pairs].
    #[arg(long)]
    pairs: Option<PathBuf>,
    /// Held-out pairs to evaluate the trained model on.
    #[arg(long)]
    eval: Option<PathBuf>,
    /// Pairs per step.
    #[arg(long, default_value_t = 8)]
    batch: usize,
    /// Number of timed steps.
    #[arg(long, default_value_t = 3)]
    steps: u64,
    /// Loss function.
    #[arg(long, default_value = "sigmoid", value_parser = loss_type)]
    loss_type: LossType,
    /// Learning rate of every step.
    #[arg(long, default_value_t = 1e-5)]
    learning_rate: f64,
    /// Where to compute: cpu, cuda, cuda:N or auto.
    #[arg(long, default_value = "cpu")]
    device: DeviceChoice,
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
    /// Train a LoRA adapter of rank 16 with lora_alpha 32 instead of all weights.
    #[arg(long)]
    use_peft: bool,
    /// Layers that get an adapter [default: as PEFT].
    #[arg(long, requires = "use_peft", value_delimiter = ',')]
    lora_target_modules: Vec<String>,
    /// Save the model or the adapter to this folder before the first step.
    #[arg(long)]
    save_initial: Option<PathBuf>,
    /// Maximum number of tokens in a prompt and a completion together [default: the model's limit].
    #[arg(long)]
    max_length: Option<usize>,
    /// Passed by cargo to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

fn loss_type(name: &str) -> serde_json::Result<LossType> {
    serde_json::from_value(name.into())
}

impl Options {
    fn config(&self) -> DpoConfig {
        let training = TrainingConfig {
            per_device_train_batch_size: self.batch,
            // The first step is not timed, because it allocates the buffers.
            max_steps: Some(self.steps + 1),
            learning_rate: self.learning_rate,
            lr_scheduler_type: LrSchedulerType::Constant,
            train_sampling_strategy: SamplingStrategy::Sequential,
            gradient_checkpointing: self.gradient_checkpointing,
            ..TrainingConfig::default()
        };
        DpoConfig {
            loss_type: vec![self.loss_type],
            precompute_ref_log_probs: !self.live_reference,
            micro_batch_tokens: self.micro_batch_tokens,
            training,
            ..DpoConfig::default()
        }
    }
}

fn main() {
    let options = Options::parse();
    align_torch::keep_freed_memory();
    let device = options.device.resolve().expect("a device");
    let _precision = MatmulPrecision::fastest_exact(device).set();
    let dir = options.model.clone().unwrap_or_else(tiny_gpt2);
    let model = AutoModelForCausalLm::from_pretrained(&dir, kind(&options.dtype), device).expect("a model");
    let tokenizer = Tokenizer::from_pretrained(&dir).expect("a tokeniser");
    let max_length = Some(options.max_length.unwrap_or(model.max_position_embeddings() as usize));
    let read = |file: &Path, rows: usize| {
        let examples = Examples::<PairExample>::read(file).expect("pairs").into_rows();
        let encode = EncodeOptions { max_length, ..EncodeOptions::default() };
        encode_pairs(&tokenizer, examples.get(..rows).unwrap_or(&examples), &encode).expect("token ids").pairs
    };
    let file = options.pairs.clone().unwrap_or_else(|| tiny_gpt2().join("../../train.jsonl"));
    let pairs = read(&file, options.batch * (options.steps as usize + 1));
    let eval = options.eval.as_ref().map(|file| read(file, usize::MAX));
    if options.use_peft {
        let mut adapter = LoraConfig { r: 16, lora_alpha: 32.0, ..LoraConfig::default() };
        if !options.lora_target_modules.is_empty() {
            adapter.target_modules = options.lora_target_modules.clone().into();
        }
        train(LoraModel::new(model, adapter, 42).expect("an adapter"), pairs, eval, &options);
    } else {
        train(model, pairs, eval, &options);
    }
}

/// Trains to the end and prints the JSON line.
fn train(model: impl CausalLm + 'static, pairs: Vec<EncodedPair>, eval: Option<Vec<EncodedPair>>, options: &Options) {
    if let Some(folder) = &options.save_initial {
        model.save_pretrained(folder, true).expect("a saved model");
    }
    let environment = Environment::current(model.device());
    let first = pairs.get(..options.batch).unwrap_or(&pairs);
    let chosen = first.iter().map(|pair| [&*pair.prompt_ids, &*pair.chosen_ids].concat());
    let rejected = first.iter().map(|pair| [&*pair.prompt_ids, &*pair.rejected_ids].concat());
    let first_batch_ids: Vec<Vec<i64>> = chosen.chain(rejected).collect();
    let mut trainer = DpoTrainer::new(model, None, pairs, options.config()).expect("a trainer");
    if let Some(eval) = eval {
        trainer = trainer.with_evaluation(eval).expect("held-out pairs");
    }
    let (mut times, mut losses, mut grad_norms, mut first_step_at) = (Vec::new(), Vec::new(), Vec::new(), None);
    loop {
        let begin = Instant::now();
        let Some(record) = trainer.next() else { break };
        let record = record.expect("a step");
        times.push(begin.elapsed().as_secs_f64());
        losses.push(record.loss);
        grad_norms.push(record.grad_norm);
        first_step_at
            .get_or_insert_with(|| SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_secs_f64());
    }
    let train_peak = peak_bytes() / 1e9;
    let evaluation = options.eval.is_some().then(|| trainer.evaluate().expect("an evaluation"));
    let result = json!({
        "step_s": times.get(1..),
        "loss": losses,
        "grad_norm": grad_norms,
        "first_batch_ids": first_batch_ids,
        "evaluation": evaluation,
        "first_step_at": first_step_at,
        "peak_gb": train_peak,
        "environment": environment,
    });
    println!("{result}");
}
