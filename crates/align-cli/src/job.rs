//! What the texts of a job depend on, by which a journal knows its job again.

use crate::Failure;
use align_base::files::Hasher;
use align_data::Tokenizer;
use align_models::generation::GenerationConfig;
use align_models::{ModelIdentity, TrainableModel};
use align_torch::Environment;
use serde::Serialize;
use tch::Device;

/// A model and its tokeniser.
#[derive(Serialize)]
pub struct Identity {
    #[serde(flatten)]
    model: ModelIdentity,
    tokenizer: String,
}

impl Identity {
    /// The identity of a model as it was loaded.
    pub fn of<M: TrainableModel>(model: &M, tokenizer: &Tokenizer) -> Result<Self, Failure> {
        Ok(Self { model: ModelIdentity::of(model)?, tokenizer: tokenizer.digest()? })
    }
}

/// Everything that decides about the texts of a job. How many prompts are continued at a time does not.
#[derive(Serialize)]
pub struct Job<'a> {
    pub model: Identity,
    pub prompts: Prompts,
    pub generation: &'a GenerationConfig,
    pub environment: Environment,
}

/// How many prompts, and a digest of them all.
#[derive(Serialize)]
pub struct Prompts {
    pub count: usize,
    pub blake3: String,
}

impl<'a> Job<'a> {
    /// A job on `device`, in the environment that holds now.
    pub fn new(model: Identity, prompts: &[String], generation: &'a GenerationConfig, device: Device) -> Self {
        let mut hasher = Hasher::new("prompts");
        for prompt in prompts {
            hasher.part(prompt.as_bytes());
        }
        let prompts = Prompts { count: prompts.len(), blake3: hasher.digest() };
        Self { model, prompts, generation, environment: Environment::current(device) }
    }
}
