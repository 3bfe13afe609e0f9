//! LoRA (arXiv:2106.09685): a few small matrices beside the frozen weights of a model, in PEFT's format.

mod adapter;
mod adapter_config;
mod adapter_file;
mod config;
mod expression;
mod fresh;
mod gpt2;
mod layer;
mod matcher;
mod memory;
mod modules;
mod not_ours;
mod targets;
mod whole;

pub(crate) use adapter::Adapter;
pub(crate) use layer::AdaptedLinear;

pub use config::{LoraBias, LoraConfig};
pub use gpt2::LoraGpt2;
pub use modules::Modules;
