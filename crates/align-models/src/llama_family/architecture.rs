use super::fields::Fields;
use super::hyper_parameters::HyperParameters;
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
