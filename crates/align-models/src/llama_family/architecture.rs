use super::fields::Fields;
use super::hyper_parameters::HyperParameters;
use super::{gemma2, gemma3, llama, mistral, qwen2, qwen3};
use serde_json::{Map, Value};

/// How one architecture of the family reads its config.
pub(super) struct Architecture {
    /// The `model_type` in `config.json`.
    pub model_type: &'static str,
    /// The class in transformers.
    pub class: &'static str,
    /// Default of `tie_word_embeddings`.
    pub tied: bool,
    /// Derives the hyper-parameters. The map holds all fields of the config, to tell a missing field from null.
    pub hyper_parameters: fn(&Fields, &Map<String, Value>) -> Result<HyperParameters, String>,
}

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
