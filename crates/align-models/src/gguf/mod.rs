//! Models in GGUF files, the format of llama.cpp: config and weights as they are in a folder of transformers, and back.
//!
//! A GGUF file is loaded wherever a folder is: its metadata take the place of `config.json` ([`config`]), and its tensors that of
//! `model.safetensors`. Quantised tensors become floating-point numbers.

mod architecture;
mod config;
mod metadata;
mod rope;
mod save;
mod tensors;

pub use save::{GgufOptions, save_gguf};

pub(crate) use config::config_text;
pub(crate) use tensors::{Stored, entries};
