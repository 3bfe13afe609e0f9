//! Inference on texts with a model and its tokeniser.
//!
//! * [`generate_texts`] generates completions of prompts.
//! * [`GenerationJob`] does the same for long jobs. It saves the texts in a journal and can continue after it was killed.
//! * [`Chat`] answers a user's messages one after another, with a chat model.
//! * [`RewardModel`] scores texts with a classifier. It is a [`Judge`], as are the likelihood under a language model and measures of the words.
//! * [`completion_logps`] computes the log-probabilities of given texts.
//!
//! The processes of a [`ProcessGroup`](align_distributed::ProcessGroup) share the work of a [`GenerationJob`], of judges
//! ([`RewardModel::with_process_group`]) and of [`shared_completion_logps`]. The results are those of one process, to the bit.
//!
//! ```
//! use align_data::Tokenizer;
//! use align_inference::{RewardModel, generate_texts};
//! use align_models::Gpt2;
//! use align_models::generation::{Generation, GenerationConfig};
//! use std::path::Path;
//! use tch::{Device, Kind};
//!
//! # let models = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/data/models"));
//! let model = Gpt2::from_pretrained(&models.join("gpt2-tiny"), Kind::Float, Device::Cpu)?;
//! let tokenizer = Tokenizer::from_pretrained(models.join("gpt2-tiny"))?;
//! let config = GenerationConfig { do_sample: true, max_new_tokens: Some(12), seed: 7, ..GenerationConfig::default() };
//! let texts = generate_texts(&model, &tokenizer, &["This movie", "The"], 2, &Generation::new(config)?, None)?;
//! assert_eq!(texts.len(), 4);
//!
//! let reward_model = RewardModel::from_pretrained(&models.join("distilbert-tiny"), None, Kind::Float, Device::Cpu)?;
//! for (text, score) in texts.iter().zip(reward_model.scores(&texts.iter().map(|t| t.text.as_str()).collect::<Vec<_>>())?) {
//!     println!("{score:+.3} {}", text.text);
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod chat;
mod completion_logps;
mod error;
mod generate_texts;
mod generation_job;
mod generation_record;
mod identity;
mod judge;
mod reward_model;
mod shared_batches;
mod text_stream;

pub use chat::{Answer, AnswerEnd, Chat, answer_generation};
pub use completion_logps::{PromptCompletion, completion_logps, shared_completion_logps};
pub use error::{Error, Result};
pub use generate_texts::{GeneratedText, generate_encoded, generate_texts};
pub use generation_job::{GenerationJob, TextGenerator};
pub use generation_record::{GenerationDifference, GenerationRecord, PromptsRecord};
pub use identity::InferenceIdentity;
pub use judge::{Judge, MeanLogp, TextMeasure, completion_text};
pub use reward_model::RewardModel;
pub use text_stream::TextStream;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
