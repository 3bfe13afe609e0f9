//! LoRA (arXiv:2106.09685): trainable low-rank matrices for the frozen weights of a model, in the format of PEFT.

mod adapter;
mod adapter_config;
mod adapter_file;
mod base_digest;
mod config;
mod find_targets;
mod full_weights;
mod init_weights;
mod layer;
mod lora_base;
mod matcher;
mod memory;
mod model;
mod modules;
mod name_pattern;
mod require;
mod target;
mod task_type;
mod unsupported_options;
mod validation;

pub(crate) use layer::LoraLayer;

pub use adapter::Adapter;
pub use config::{LoraBias, LoraConfig};
pub use model::LoraModel;
pub use modules::Modules;
pub use task_type::TaskType;
