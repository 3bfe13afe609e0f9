//! Logits processors change the scores of the next token before it is selected. They compute the same values as in transformers.
//!
//! A score of minus infinity excludes a token. Penalties apply in every strategy, warpers only in sampling. The order is that of
//! transformers: `sequence_bias`, `repetition_penalty`, `no_repeat_ngram_size`, `bad_words_ids`, `min_length`, `min_new_tokens`,
//! `forced_eos_token_id`, `remove_invalid_values`, `exponential_decay_length_penalty`, `suppress_tokens`, `begin_suppress_tokens`,
//! custom processors ([`Generation::with_processor`](super::Generation::with_processor)); then the warpers `temperature`, `top_k`,
//! `top_p`, `min_p`, `typical_p`, `epsilon_cutoff`, `eta_cutoff`; finally `renormalize_logits`.

mod cutoffs;
mod eos;
mod min_length;
mod normalization;
mod repetition;
mod sequence_bias;
mod suppress_tokens;
mod top_k_top_p;

pub use cutoffs::{EpsilonCutoff, EtaCutoff, MinP, TypicalP};
pub use eos::{ExponentialDecayLengthPenalty, ForcedEos};
pub use min_length::{MinLength, MinNewTokens};
pub use normalization::{LogitNormalization, RemoveInvalidValues};
pub use repetition::{NoRepeatNGram, RepetitionPenalty};
pub use sequence_bias::{NoBadWords, SequenceBias};
pub use suppress_tokens::{SuppressTokens, SuppressTokensAtBegin};
pub use top_k_top_p::{Temperature, TopK, TopP};

/// One step of the pipeline that changes the scores of the next token. Closures also implement it.
pub trait LogitsProcessor: Send + Sync {
    /// Changes `scores`, one per token of the vocabulary, in place. `ids` is the text so far, including prompt and padding.
    fn process(&self, ids: &[i64], scores: &mut [f32]);
}

impl<F: Fn(&[i64], &mut [f32]) + Send + Sync> LogitsProcessor for F {
    fn process(&self, ids: &[i64], scores: &mut [f32]) {
        self(ids, scores);
    }
}

/// Excludes all tokens except `kept`.
fn keep_only(scores: &mut [f32], kept: &[usize]) {
    let values: Vec<f32> = kept.iter().map(|&i| scores[i]).collect();
    scores.fill(f32::NEG_INFINITY);
    for (&i, value) in kept.iter().zip(values) {
        scores[i] = value;
    }
}

/// Excludes these tokens.
fn mask_tokens(ids: &[i64], scores: &mut [f32]) {
    for &id in ids {
        if let Some(score) = usize::try_from(id).ok().and_then(|id| scores.get_mut(id)) {
            *score = f32::NEG_INFINITY;
        }
    }
}
