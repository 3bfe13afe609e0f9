//! GPT-2 and DistilBERT on LibTorch: configs, modules, checkpoints in transformers' layout, and generation.
//!
//! A causal language model gives hidden states, not logits ([`CausalLm::hidden`]): training takes log-probabilities of
//! the completion's tokens only, decoding takes the last position only, and neither pays for the rest of the vocabulary
//! projection.

mod causal_lm;
mod error;
mod kv_cache;
mod parameters;

pub mod checkpoint;
pub mod generation;

pub use causal_lm::{Attention, CausalLm};
pub use error::{Error, Result};
pub use kv_cache::KvCache;
pub use parameters::Parameters;
