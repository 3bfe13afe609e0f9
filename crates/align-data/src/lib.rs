//! Data for preference optimisation: tables of scored texts and preference pairs, pairing, tokenisers, padded batches.
//!
//! The steps can be used separately:
//!
//! 1. [`pairing::pair`] turns scored texts into preference pairs.
//! 2. [`encode_pairs`] tokenises pairs as TRL's `DPOTrainer` does, and [`encode_unpaired`] tokenises single labelled
//!    completions as its `KTOTrainer` does.
//! 3. [`CompletionBatch`] pads either to tensors.
//!
//! [`encode_texts`] and [`pack_wrapped`] are for supervised fine-tuning, and [`encode_labelled_texts`] is for
//! classifiers. [`train_byte_level_bpe`] and [`train_word_piece`] train new tokenisers.
//!
//! The module [`streaming`] reads data that does not fit in memory in blocks, and keeps its token ids on disk.
//!
//! The module [`tables`] reads and writes texts and pairs as CSV and JSON Lines. The feature `tables` adds Parquet and
//! data frames (polars).
//!
//! ```
//! use align_data::ScoredTexts;
//! use align_data::pairing::{PairOptions, PairStrategy};
//!
//! # let folder = tempfile::tempdir()?;
//! # let (texts, pairs_file) = (folder.path().join("texts.csv"), folder.path().join("pairs.jsonl"));
//! std::fs::write(&texts, "prompt,text,score\nThis movie,This movie was fine.,0.3\nThis movie,This movie was a joy.,2.1\n")?;
//!
//! let options = PairOptions::new(PairStrategy::BestWorst);
//! let (pairs, report) = ScoredTexts::read(&texts)?.pair(&options)?;
//! assert_eq!(pairs.rows()[0].chosen, "This movie was a joy.");
//! assert_eq!(report.pairs, 1);
//! pairs.write(&pairs_file, false)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod catch_panic;
mod column_list;
mod completion_batch;
mod conversation_rows;
mod encode_completions;
mod encode_labelled_texts;
mod encode_options;
mod encode_pairs;
mod encode_report;
mod encode_reward_pairs;
mod encode_rows;
mod encode_texts;
mod encode_unpaired;
mod error;
mod error_values;
mod example;
mod invalid_rows;
mod notebook_prompts;
mod output_file;
mod pack;
mod padding;
mod pair_numbers;
mod preference;
mod read_lines;
mod render_prompts;
mod render_row;
mod row_parts;
mod tokenizer;
mod truncation_mode;

pub mod chat;
pub mod judges;
pub mod likes;
pub mod pairing;
pub mod streaming;
pub mod tables;

pub use completion_batch::CompletionBatch;
pub use conversation_rows::{
    ConversationCompletion, ConversationPair, ConversationPrompt, TemplateInputs, UnpairedConversation,
};
pub use encode_completions::{EncodedCompletion, encode_completions};
pub use encode_labelled_texts::{EncodedLabelledText, encode_labelled_texts};
pub use encode_options::EncodeOptions;
pub use encode_pairs::{EncodedPair, EncodedPairs, encode_pairs};
pub use encode_report::EncodeReport;
pub use encode_reward_pairs::{EncodedRewardPair, EncodedRewardPairs, encode_reward_pairs};
pub use encode_texts::{EncodedText, EncodedTexts, encode_texts};
pub use encode_unpaired::{EncodedUnpairedPreference, EncodedUnpairedPreferences, encode_unpaired};
pub use error::{Error, Result};
pub use example::{CompletionExample, Example, PairExample, RewardExample, UnpairedExample};
pub use invalid_rows::InvalidRows;
pub use notebook_prompts::NOTEBOOK_PROMPTS;
pub use pack::pack_wrapped;
pub use padding::{Padded, left_pad, right_pad};
pub use pair_numbers::{PairNumber, PairNumbers};
pub use preference::{PreferencePair, ScoredText, UnpairedPreference};
pub use read_lines::read_lines;
pub use render_prompts::render_prompts;
pub use row_parts::{LabelledRow, PairRow, PromptedRow, RewardRow, RowParts};
pub use tables::{
    Completions, LabelledText, LabelledTexts, PreferencePairs, ScoredTexts, Text, Texts, UnpairedPreferences,
};
pub use tokenizer::{DifferentToken, EncodedChat, SpecialTokens, Tokenizer, train_byte_level_bpe, train_word_piece};
pub use truncation_mode::TruncationMode;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
