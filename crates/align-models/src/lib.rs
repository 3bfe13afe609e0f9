//! Language models on LibTorch: GPT-2, Llama, Mistral, Qwen 2 and 3, Gemma 2 and 3, and DistilBERT, building blocks for other decoders,
//! checkpoints in the format of transformers, LoRA adapters in the format of PEFT, and text generation.
//!
//! ```
//! use align_models::generation::{Generation, GenerationConfig, generate_completions};
//! use align_models::{CausalLm, Gpt2, Gpt2Config, LoraConfig, LoraModel, TrainableModel};
//! use tch::{Device, Kind};
//!
//! // A small GPT-2 with random weights. `AutoModelForCausalLm::from_pretrained` loads a model from a folder.
//! let sizes = Gpt2Config { vocab_size: 100, n_positions: 32, n_embd: 16, n_layer: 2, n_head: 2, ..Default::default() };
//! let config = Gpt2Config { bos_token_id: None, eos_token_id: None, ..sizes };
//! let model = Gpt2::new_random(config, 42, Kind::Float, Device::Cpu)?;
//!
//! let generation = Generation::new(GenerationConfig { max_new_tokens: Some(5), ..Default::default() })?;
//! let texts = generate_completions(&model, &[vec![1, 2, 3], vec![4]], &generation, 2)?;
//! assert_eq!(texts.iter().map(|text| text.ids.len()).collect::<Vec<_>>(), [5, 5]);
//!
//! // A model with a LoRA adapter. Its parameters are only those of the adapter.
//! let adapted = LoraModel::new(model, LoraConfig { r: 4, ..Default::default() }, 42)?;
//! assert_eq!(adapted.parameters().numel(), 2 * 4 * (16 + 48));
//! # Ok::<(), align_models::Error>(())
//! ```
//!
//! | To | see |
//! | --- | --- |
//! | load a model from a folder | [`AutoModelForCausalLm`], [`AutoModelForSequenceClassification`] |
//! | implement another model | [`CausalLm`], or [`decoder::DecoderConfig`] for a decoder built from the parts in [`decoder`] |
//! | fine-tune a model with LoRA | [`LoraModel`], [`Adaptable`] |
//! | generate texts | [`generation`] |
//! | score texts | [`SequenceClassifier`], [`score`] |
//! | read and write weights | [`checkpoint`] |
//!
//! A causal language model returns hidden states, not logits ([`CausalLm::hidden`]). Training needs logits only for the completion
//! tokens and decoding only for the last position, so the output projection is not computed for the other positions.

mod auto_classifier;
mod auto_model;
mod batches_by_length;
mod bounded_json;
mod causal_lm;
mod decoder_classifier;
mod distilbert;
mod error;
mod generation_config_file;
mod gguf;
mod gpt2;
mod identity;
mod json_field;
mod linear_layer_info;
mod llama_family;
mod lora;
mod model_resolver;
mod new_model;
mod one_or_many;
mod parameters;
mod pretrained_config;
mod random_weights;
mod resize_embeddings;
mod save;
mod sequence_classifier;
mod soup;
mod trainable_model;
mod training_memory;

pub mod checkpoint;
pub mod decoder;
pub mod generation;
pub mod layers;
pub mod score;

pub use align_gguf::{Metadata as GgufMetadata, TensorType};
#[cfg(feature = "hub")]
pub use align_hub as hub;

pub use auto_classifier::AutoModelForSequenceClassification;
pub use auto_model::{AutoModel, AutoModelForCausalLm};
pub use batches_by_length::batches_by_length;
pub use causal_lm::{Adaptable, Attention, CausalLm};
pub use decoder::{CachedKeysValues, DecoderConfig, DecoderLm, KvCache, SharedTokenRows};
pub use decoder_classifier::{DecoderClassifier, NewHead};
pub use distilbert::{DistilBert, DistilBertConfig};
pub use error::{Error, Result};
pub use gguf::{GgufOptions, save_gguf};
pub use gpt2::{Gpt2, Gpt2Config};
pub use identity::{ModelIdentity, architecture_differences, dtype, tensors_digest};
pub use layers::Activation;
pub use linear_layer_info::LinearLayerInfo;
pub use llama_family::{LlamaFamily, LlamaFamilyConfig};
pub use lora::{Adapter, LoraBias, LoraConfig, LoraModel, Modules, TaskType};
pub use model_resolver::ModelResolver;
pub use new_model::NewVocabulary;
pub use parameters::Parameters;
pub use pretrained_config::dtype_name;
pub use resize_embeddings::resize_token_embeddings;
pub use save::save_pretrained;
pub use sequence_classifier::SequenceClassifier;
pub use soup::ModelSoup;
pub use trainable_model::TrainableModel;
pub use training_memory::TrainingMemory;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
