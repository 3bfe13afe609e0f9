//! LoRA (arXiv:2106.09685): a few small matrices beside the frozen weights of a model, in PEFT's format.

mod adapter;
mod adapter_config;
mod adapter_file;
mod base;
mod config;
mod expression;
mod find_targets;
mod fresh;
mod layer;
mod matcher;
mod memory;
mod model;
mod modules;
mod not_ours;
mod require;
mod target;
mod validation;
mod whole;

pub(crate) use layer::LoraLayer;

pub use adapter::Adapter;
pub use config::{LoraBias, LoraConfig};
pub use model::LoraModel;
pub use modules::Modules;
