//! Compares the crates with transformers, TRL and float64 NumPy.
//!
//! `ALIGN_GOLDEN=DIR cargo test --release --test golden` takes the expected values from DIR; without it they come from
//! `tests/golden/data`, whose README says how they were made.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

use std::path::PathBuf;

mod batches;
mod chat;
mod chat_model;
mod checkpoints;
mod chi_square;
mod decoder_adapters;
mod decoders;
mod evaluation;
mod families;
mod finetuning;
mod formats;
mod generation;
mod gguf;
mod group_policy;
mod group_policy_runs;
mod hidden_states;
mod lora;
mod lora_kinds;
mod losses;
mod metrics;
mod models;
mod reward_models;
mod saved;
mod train;
mod train_conversations;
mod variants;

/// The folder of golden values.
pub fn golden_dir() -> PathBuf {
    std::env::var_os("ALIGN_GOLDEN")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/golden/data")), PathBuf::from)
}

/// One of its JSON files.
pub fn read_json(name: &str) -> serde_json::Value {
    let path = golden_dir().join(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}
