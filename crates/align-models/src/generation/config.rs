use super::EarlyStopping;
use super::null_defaults::{null_is_default, null_is_one};
use serde::{Deserialize, Serialize};

/// Options of text generation, with the names and defaults of `GenerationConfig` in transformers.
///
/// `None` means that an option is not set and has its default. Options that the chosen strategy does not use are rejected by
/// [`Generation::new`](super::Generation::new). [`from_pretrained`](Self::from_pretrained) reads the options in a model's folder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GenerationConfig {
    /// Maximum length in tokens, including the prompt. If neither this nor `max_new_tokens` is set, 20 new tokens are generated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_length: Option<usize>,
    /// Maximum number of new tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_new_tokens: Option<usize>,
    /// Minimum length in tokens, including the prompt. No EOS is generated before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_length: Option<usize>,
    /// Minimum number of new tokens. No EOS is generated before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_new_tokens: Option<usize>,

    /// Sample tokens instead of choosing the most likely one.
    #[serde(deserialize_with = "null_is_default")]
    pub do_sample: bool,
    /// Number of beams; 1 means no beam search.
    #[serde(deserialize_with = "null_is_one")]
    pub num_beams: usize,
    /// Number of completions per prompt: up to `num_beams` for beam search, any number for sampling.
    #[serde(deserialize_with = "null_is_one")]
    pub num_return_sequences: usize,

    /// Divides the scores before sampling; default 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// Sample from this many most likely tokens; default 50, 0 for all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_k: Option<usize>,
    /// Sample from the most likely tokens whose probabilities sum to this; default 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_p: Option<f64>,
    /// Sample from tokens whose probability is at least this fraction of the highest probability.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_p: Option<f64>,
    /// Sample from the tokens of this total probability whose information content is closest to the entropy; default 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub typical_p: Option<f64>,
    /// Sample from tokens with at least this probability; default 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epsilon_cutoff: Option<f64>,
    /// Like `epsilon_cutoff`, but lower if the distribution has high entropy; default 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub eta_cutoff: Option<f64>,

    /// Values above 1 make tokens that occur in the text less likely, values below 1 more likely.
    #[serde(deserialize_with = "null_is_one")]
    pub repetition_penalty: f64,
    /// No n-gram of this size occurs twice in a text; 0 turns this off.
    #[serde(deserialize_with = "null_is_default")]
    pub no_repeat_ngram_size: usize,
    /// Biases of token sequences: `[[[10, 45], -2.0], [[64], 7.5]]`. The bias is added to the score of a sequence's last token if the
    /// text ends with its other tokens. It is not applied while the text is shorter than the sequence. If a sequence occurs twice, the
    /// later bias applies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sequence_bias: Option<Vec<(Vec<i64>, f64)>>,
    /// Token sequences that are never generated. A sequence that is only an EOS is ignored: use `min_new_tokens` for that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bad_words_ids: Option<Vec<Vec<i64>>>,
    /// Tokens that are never generated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suppress_tokens: Option<Vec<i64>>,
    /// Tokens that are never generated directly after the prompt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub begin_suppress_tokens: Option<Vec<i64>>,
    /// One of these tokens is forced as the last token if the text reaches its maximum length. One or several ids.
    #[serde(skip_serializing_if = "Option::is_none", with = "crate::one_or_many")]
    pub forced_eos_token_id: Option<Vec<i64>>,
    /// `(start, factor)`: after `start` new tokens the score of EOS increases exponentially, by `factor` per token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exponential_decay_length_penalty: Option<(usize, f64)>,
    /// Replaces NaN scores by 0, and infinite scores by the largest or smallest finite value.
    #[serde(deserialize_with = "null_is_default", skip_serializing_if = "std::ops::Not::not")]
    pub remove_invalid_values: bool,
    /// Normalises the scores to log-probabilities after all other processors.
    #[serde(deserialize_with = "null_is_default", skip_serializing_if = "std::ops::Not::not")]
    pub renormalize_logits: bool,
    /// Returns the log-probabilities of the tokens: see [`Completion::token_logps`](super::Completion::token_logps).
    pub output_scores: bool,

    /// Strings at which generation stops, one or several. They need the bytes of the tokens: see
    /// [`Generation::with_token_bytes`](super::Generation::with_token_bytes).
    #[serde(skip_serializing_if = "Option::is_none", with = "crate::one_or_many")]
    pub stop_strings: Option<Vec<String>>,

    /// Beam search divides the log-probability of a finished text by its number of new tokens to this power; default 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub length_penalty: Option<f64>,
    /// When beam search stops; default `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub early_stopping: Option<EarlyStopping>,

    /// End-of-sequence ids, one or several; default: those of the model. With an empty list no text ends early.
    #[serde(skip_serializing_if = "Option::is_none", with = "crate::one_or_many")]
    pub eos_token_id: Option<Vec<i64>>,
    /// Beginning-of-sequence id, which replaces an empty prompt; default: that of the model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bos_token_id: Option<i64>,
    /// Padding id after finished texts; default: the first EOS id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pad_token_id: Option<i64>,

    /// Seed of all random numbers. transformers uses torch's global generator instead.
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
