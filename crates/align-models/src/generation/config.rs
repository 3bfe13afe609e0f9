use super::EarlyStopping;
use super::unset::{null_is_default, null_is_one};
use serde::{Deserialize, Serialize};

/// Options of generation under the names, and with the defaults, of transformers' `GenerationConfig`.
///
/// `None` is "not set": the default holds. Options that only some strategy reads are refused by
/// [`Generation::new`](super::Generation::new) when set for another one. A model's own options come out of its folder with
/// [`from_pretrained`](Self::from_pretrained).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GenerationConfig {
    /// Longest text in tokens, prompt included. Neither this nor `max_new_tokens` set: 20 new tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_length: Option<usize>,
    /// Most tokens behind the prompt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_new_tokens: Option<usize>,
    /// No EOS before the text, prompt included, has this many tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_length: Option<usize>,
    /// No EOS before this many tokens behind the prompt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_new_tokens: Option<usize>,

    /// Draw tokens instead of taking the likeliest.
    #[serde(deserialize_with = "null_is_default")]
    pub do_sample: bool,
    /// Number of beams; 1 is no beam search.
    #[serde(deserialize_with = "null_is_one")]
    pub num_beams: usize,
    /// Texts returned per prompt: up to `num_beams` of beam search, any number of sampling.
    #[serde(deserialize_with = "null_is_one")]
    pub num_return_sequences: usize,

    /// Divides the scores before drawing; default 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// Draw among this many likeliest tokens; default 50, 0 draws among all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_k: Option<usize>,
    /// Draw among the likeliest tokens whose probabilities sum to this; default 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_p: Option<f64>,
    /// Draw among tokens at least this many times as likely as the likeliest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_p: Option<f64>,
    /// Draw among the tokens of this total probability whose surprise is nearest to the entropy; default 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub typical_p: Option<f64>,
    /// Draw among tokens at least this likely; default 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epsilon_cutoff: Option<f64>,
    /// Like `epsilon_cutoff`, lower where the distribution is flat; default 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub eta_cutoff: Option<f64>,

    /// Above 1 makes tokens of the text so far less likely, below 1 likelier.
    #[serde(deserialize_with = "null_is_one")]
    pub repetition_penalty: f64,
    /// No run of this many tokens occurs twice in a text; 0 is off.
    #[serde(deserialize_with = "null_is_default")]
    pub no_repeat_ngram_size: usize,
    /// Added to the score of a sequence's last token where the text ends in the others: `[[[10, 45], -2.0], [[64], 7.5]]`.
    /// A sequence is left alone while the text has fewer tokens than it; of two biases of one sequence the later holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sequence_bias: Option<Vec<(Vec<i64>, f64)>>,
    /// Sequences of tokens that no text holds behind its prompt. An EOS alone is passed over: `min_new_tokens` is for that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bad_words_ids: Option<Vec<Vec<i64>>>,
    /// Tokens that are never chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suppress_tokens: Option<Vec<i64>>,
    /// Tokens that are not chosen first behind the prompt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub begin_suppress_tokens: Option<Vec<i64>>,
    /// Tokens that may end a text which reaches its length limit, one or several.
    #[serde(skip_serializing_if = "Option::is_none", with = "crate::one_or_many")]
    pub forced_eos_token_id: Option<Vec<i64>>,
    /// `(start, factor)`: behind `start` new tokens EOS becomes likelier, its score by `factor` to the power of the tokens
    /// behind them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exponential_decay_length_penalty: Option<(usize, f64)>,
    /// NaN counts as a score of 0, infinite scores as the greatest and the least finite one.
    #[serde(deserialize_with = "null_is_default", skip_serializing_if = "std::ops::Not::not")]
    pub remove_invalid_values: bool,
    /// Makes the scores log-probabilities again after all else has changed them.
    #[serde(deserialize_with = "null_is_default", skip_serializing_if = "std::ops::Not::not")]
    pub renormalize_logits: bool,
    /// Returns the tokens' log-probabilities: see [`Completion::token_logps`](super::Completion::token_logps).
    pub output_scores: bool,

    /// Texts that end a text, one or several. They need the tokens' bytes: see
    /// [`Generation::with_token_bytes`](super::Generation::with_token_bytes).
    #[serde(skip_serializing_if = "Option::is_none", with = "crate::one_or_many")]
    pub stop_strings: Option<Vec<String>>,

    /// Beam search divides a finished text's log-probability by its new tokens to this power; default 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub length_penalty: Option<f64>,
    /// When beam search stops; default `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub early_stopping: Option<EarlyStopping>,

    /// Ids that end a text, one or several; default the model's. An empty list: nothing ends a text early.
    #[serde(skip_serializing_if = "Option::is_none", with = "crate::one_or_many")]
    pub eos_token_id: Option<Vec<i64>>,
    /// Id that an empty prompt starts with; default the model's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bos_token_id: Option<i64>,
    /// Id that fills the room behind a finished text; default the first EOS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pad_token_id: Option<i64>,

    /// What all random draws derive from; transformers takes torch's global generator instead.
    #[serde(deserialize_with = "null_is_default")]
    pub seed: u64,
}

impl Default for GenerationConfig {
    fn default() -> Self {
        Self {
            max_length: None,
            max_new_tokens: None,
            min_length: None,
            min_new_tokens: None,
            do_sample: false,
            num_beams: 1,
            num_return_sequences: 1,
            temperature: None,
            top_k: None,
            top_p: None,
            min_p: None,
            typical_p: None,
            epsilon_cutoff: None,
            eta_cutoff: None,
            repetition_penalty: 1.0,
            no_repeat_ngram_size: 0,
            sequence_bias: None,
            bad_words_ids: None,
            suppress_tokens: None,
            begin_suppress_tokens: None,
            forced_eos_token_id: None,
            exponential_decay_length_penalty: None,
            remove_invalid_values: false,
            renormalize_logits: false,
            output_scores: false,
            stop_strings: None,
            length_penalty: None,
            early_stopping: None,
            eos_token_id: None,
            bos_token_id: None,
            pad_token_id: None,
            seed: 0,
        }
    }
}
