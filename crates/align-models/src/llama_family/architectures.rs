//! The list of architectures.

use super::architecture::Architecture;
use super::{gemma2, gemma3, llama, mistral, qwen2, qwen3};

/// All architectures of the family. To add one, add an entry here and in `auto_model.rs`.
const ARCHITECTURES: [&Architecture; 6] =
    [&llama::LLAMA, &mistral::MISTRAL, &qwen2::QWEN2, &qwen3::QWEN3, &gemma2::GEMMA2, &gemma3::GEMMA3];

/// The architecture with this `model_type`.
pub(super) fn find(model_type: &str) -> Option<&'static Architecture> {
    ARCHITECTURES.into_iter().find(|architecture| architecture.model_type == model_type)
}

/// All `model_type`s, for a message.
pub(super) fn known() -> String {
    ARCHITECTURES.map(|architecture| format!("\"{}\"", architecture.model_type)).join(" or ")
}
