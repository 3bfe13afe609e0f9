//! Generation: greedy search, sampling, beam search and beam sampling, with transformers' options and semantics.
//!
//! Four parts that know nothing of each other's insides: the model with its cache, a pipeline of
//! [processors] that reshape the next token's scores, the strategy that chooses among them, and the loop.
//!
//! Random draws are counters: which token is drawn depends on the seed, the prompt's number, which of its texts it is,
//! the step and the token, not on what else is in the batch or how large the batch is.
//!
//! ```
//! use align_models::generation::{Generation, GenerationConfig};
//!
//! let config = GenerationConfig { do_sample: true, temperature: Some(0.7), max_new_tokens: Some(40), ..Default::default() };
//! let generation = Generation::new(config)?;
//! // generate_prompts(&model, &prompts, &generation, 16)?
//!
//! let greedy = GenerationConfig { temperature: Some(0.7), ..Default::default() };
//! assert!(Generation::new(greedy).unwrap_err().to_string().contains("do_sample"));
//! # Ok::<(), align_models::Error>(())
//! ```

mod beam_decoder;
mod beam_search;
mod checked;
mod config;
mod decoder;
mod draws;
mod early_stopping;
mod error;
mod generate;
mod hypotheses;
mod memory;
mod not_ours;
mod pipeline;
mod plan;
mod pretrained;
pub mod processors;
mod prompt_batches;
mod prompts;
mod ranking;
mod rows;
mod sampling;
mod scores;
mod stop_strings;
mod stopping;
mod strategy;
mod stream;
mod token_ids;
mod unset;
mod validation;

pub use checked::Generation;
pub use config::GenerationConfig;
pub use early_stopping::EarlyStopping;
pub use error::GenerationError;
pub use generate::{Generated, generate};
pub use memory::check_texts;
pub use prompts::{Completion, PromptGenerator, generate_prompts};
pub use stop_strings::StopStrings;
pub use stopping::StoppingCriterion;
pub use stream::{TokenStream, stream};
