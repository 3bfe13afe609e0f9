//! Measures how time per token and memory scale with the number of pairs: one epoch of DPO with precomputed reference log-probabilities,
//! from reading the text to the last step.
//!
//! `cargo bench --bench dpo_rows [-- --rows 100 --rows 1000]` prints the table in benches/README.md. Each row runs in its own process.
#![allow(clippy::print_stdout)]

mod support;

use align_data::{EncodeOptions, PreferencePair, Tokenizer, encode_pairs};
use align_losses::LossType;
use align_models::Gpt2;
use align_train::{DpoConfig, DpoTrainer, TrainingConfig};
use clap::Parser;
use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;
use support::peak_bytes;
use tch::{Device, Kind};

#[derive(Parser)]
struct Options {
    /// The numbers of pairs.
    #[arg(long, default_values_t = [100, 1_000, 10_000, 100_000])]
    rows: Vec<usize>,
    /// Measure this number of pairs in this process.
    #[arg(long, hide = true)]
    measure: Option<usize>,
    /// Passed by cargo to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() {
    let options = Options::parse();
    if let Some(rows) = options.measure {
        return measure(rows);
    }
    println!(
        "| pairs | tokens | read and tokenise, µs/token | reference, µs/token | train, µs/token | peak memory, MB |"
    );
    println!("| ---: | ---: | ---: | ---: | ---: | ---: |");
    for rows in options.rows {
        let program = std::env::current_exe().expect("this program");
        let done = Command::new(program).args(["--measure", &rows.to_string()]).status().expect("a child");
        assert!(done.success(), "{rows} pairs failed");
    }
}

fn measure(rows: usize) {
    align_torch::keep_freed_memory();
    let data = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/data");
    let dir = data.join("models/gpt2-tiny");
    let policy = Gpt2::from_pretrained(&dir, Kind::Float, Device::Cpu).expect("a model");
    let tokenizer = Tokenizer::from_pretrained(&dir).expect("a tokeniser");
    let begin = Instant::now();
    let text = std::fs::read_to_string(data.join("train.jsonl")).expect("pairs");
    let pairs: Vec<PreferencePair> =
        text.lines().cycle().take(rows).map(|line| serde_json::from_str(line).expect("a pair")).collect();
    let pairs = encode_pairs(&tokenizer, &pairs, &EncodeOptions::default()).expect("token ids").pairs;
    let encoded = begin.elapsed();
    let config = DpoConfig {
        loss_type: vec![LossType::Hinge],
        precompute_ref_log_probs: true,
        training: TrainingConfig { num_train_epochs: Some(1.0), ..TrainingConfig::default() },
        ..DpoConfig::default()
    };
    let begin = Instant::now();
    let mut trainer = DpoTrainer::new(policy, None, pairs, config).expect("a trainer");
    let precomputed = begin.elapsed();
    let begin = Instant::now();
    let tokens = trainer.by_ref().map(|record| record.expect("a step").num_tokens).last().expect("steps");
    let trained = begin.elapsed();
    let each = |time: std::time::Duration| time.as_secs_f64() * 1e6 / tokens as f64;
    println!(
        "| {rows} | {tokens} | {:.2} | {:.2} | {:.2} | {:.0} |",
        each(encoded),
        each(precomputed),
        each(trained),
        peak_bytes() / 1e6
    );
}
