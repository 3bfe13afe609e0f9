use crate::Result;
use align_data::Tokenizer;
use align_models::{ModelIdentity, TrainableModel};
use serde::Serialize;

/// Everything in a model that texts or scores depend on: its config, its weights and its tokeniser.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct InferenceIdentity {
    #[serde(flatten)]
    model: ModelIdentity,
    tokenizer: String,
}

impl InferenceIdentity {
    /// The identity of a model as it was loaded, and its tokeniser.
    ///
    /// # Errors
    /// A config or a tokeniser that cannot be serialised, or not enough memory.
    pub fn of<M: TrainableModel + ?Sized>(model: &M, tokenizer: &Tokenizer) -> Result<Self> {
        Ok(Self { model: ModelIdentity::of(model)?, tokenizer: tokenizer.digest()? })
    }
}
