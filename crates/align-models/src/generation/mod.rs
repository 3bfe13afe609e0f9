//! Text generation: greedy search, sampling, beam search and beam sampling, with the options and semantics of transformers.
//!
//! Generation has four independent parts: the model with its key-value cache, a pipeline of [processors] that change the scores of the
//! next token, the strategy that selects tokens, and the loop over the steps.
//!
//! Random numbers are counter-based. A sampled token depends on the seed, the index of the prompt, the index of the completion, the
//! step and the token, but not on the batch size or on the other prompts in the batch.
//!
//! ```
//! use align_models::generation::{Generation, GenerationConfig};
//!
//! let config = GenerationConfig { do_sample: true, temperature: Some(0.7), max_new_tokens: Some(40), ..Default::default() };
//! let generation = Generation::new(config)?;
//! // generate_completions(&model, &prompts, &generation, 16)?
//!
//! let greedy = GenerationConfig { temperature: Some(0.7), ..Default::default() };
//! assert!(Generation::new(greedy).unwrap_err().to_string().contains("do_sample"));
//! # Ok::<(), align_models::Error>(())
//! ```

mod beam_decoder;
mod beam_search;
mod completions;
mod config;
mod decoding_context;
mod draws;
mod early_stopping;
mod error;
mod generate;
mod hypotheses;
mod id_rows;
mod incremental_decoder;
mod memory;
mod null_defaults;
mod parallel_rows;
mod pipeline;
mod pretrained;
pub mod processors;
mod prompt_batches;
mod ranking;
mod sampling;
mod scores;
mod stop_strings;
mod stopping_criteria;
mod strategy;
mod stream;
mod token_ids;
mod unsupported_options;
mod validated_config;
mod validation;

pub use completions::{Completion, CompletionGenerator, generate_completions};
pub use config::GenerationConfig;
pub use early_stopping::EarlyStopping;
pub use error::GenerationError;
pub use generate::{GenerateOutput, generate};
pub use memory::check_completions_fit_memory;
pub use stop_strings::StopStrings;
pub use stopping_criteria::StoppingCriterion;
pub use stream::{TokenStream, stream};
pub use validated_config::Generation;
