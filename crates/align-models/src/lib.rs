//! GPT-2 and DistilBERT on LibTorch: configs, modules, checkpoints in transformers' layout, LoRA adapters in PEFT's, and
//! generation.
//!
//! A causal language model gives hidden states, not logits ([`CausalLm::hidden`]): training takes log-probabilities of
//! the completion's tokens only, decoding takes the last position only, and neither pays for the rest of the vocabulary
//! projection.

mod adaptable;
mod auto;
mod causal_lm;
mod distilbert;
mod error;
mod gpt2;
mod identity;
mod json_field;
mod json_weight;
mod lora;
mod model_resolver;
mod one_or_many;
mod parameters;
mod pretrained_config;
mod random_weights;
mod save;
mod sequence_classifier;
mod trainable_model;
mod training_memory;

pub mod checkpoint;
pub mod decoder;
pub mod generation;
pub mod layers;
pub mod score;

#[cfg(feature = "hub")]
pub use align_hub as hub;

pub use adaptable::{Adaptable, LinearLayer};
pub use auto::{AutoModel, AutoModelForCausalLm, AutoModelForSequenceClassification};
pub use causal_lm::{Attention, CausalLm};
pub use decoder::{Cached, DecoderConfig, DecoderLm, KvCache, TokenRows};
pub use distilbert::{DistilBert, DistilBertConfig};
pub use error::{Error, Result};
pub use gpt2::{Gpt2, Gpt2Config};
pub use identity::{ModelIdentity, dtype, tensors_digest};
pub use layers::Activation;
pub use lora::{Adapter, LoraBias, LoraConfig, LoraModel, Modules};
pub use model_resolver::ModelResolver;
pub use parameters::Parameters;
pub use sequence_classifier::SequenceClassifier;
pub use trainable_model::TrainableModel;
pub use training_memory::TrainingMemory;
