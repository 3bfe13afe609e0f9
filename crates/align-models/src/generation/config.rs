use super::EarlyStopping;
use serde::{Deserialize, Serialize};

/// Options of generation under the names, and with the defaults, of transformers' `GenerationConfig`.
///
/// `None` is "not set": the default holds. Options that only some strategy reads are refused by
/// [`Generation::new`](super::Generation::new) when set for another one.
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
    pub do_sample: bool,
    /// Number of beams; 1 is no beam search.
    pub num_beams: usize,
    /// Texts returned per prompt: up to `num_beams` of beam search, any number of sampling.
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
    pub repetition_penalty: f64,
    /// No run of this many tokens occurs twice in a text; 0 is off.
    pub no_repeat_ngram_size: usize,

    /// Beam search divides a finished text's log-probability by its new tokens to this power; default 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub length_penalty: Option<f64>,
    /// When beam search stops; default `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub early_stopping: Option<EarlyStopping>,

    /// Ids that end a text, one or several; default the model's. An empty list: nothing ends a text early.
    #[serde(skip_serializing_if = "Option::is_none", with = "super::one_or_many")]
    pub eos_token_id: Option<Vec<i64>>,
    /// Id that fills the room behind a finished text; default the first EOS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pad_token_id: Option<i64>,

    /// What all random draws derive from; transformers takes torch's global generator instead.
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
            length_penalty: None,
            early_stopping: None,
            eos_token_id: None,
            pad_token_id: None,
            seed: 0,
        }
    }
}
