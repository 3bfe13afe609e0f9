//! What reshapes the next token's scores before one is chosen, each as transformers computes it.
//!
//! Minus infinity rules a token out. Penalties hold in every strategy; warpers only where tokens are drawn. Their order is
//! transformers': `sequence_bias`, `repetition_penalty`, `no_repeat_ngram_size`, `bad_words_ids`, `min_length`,
//! `min_new_tokens`, `forced_eos_token_id`, `remove_invalid_values`, `exponential_decay_length_penalty`,
//! `suppress_tokens`, `begin_suppress_tokens`, one's own
//! ([`Generation::with_processor`](super::Generation::with_processor)); then the warpers `temperature`, `top_k`, `top_p`,
//! `min_p`, `typical_p`, `epsilon_cutoff`, `eta_cutoff`; and `renormalize_logits` at the end.

mod cutoffs;
mod ending;
mod minimum_length;
mod repetition;
mod sequences;
mod suppressed;
mod top;
mod whole_row;

pub use cutoffs::{EpsilonCutoff, EtaCutoff, MinP, TypicalP};
pub use ending::{ExponentialDecayLengthPenalty, ForcedEos};
pub use minimum_length::{MinLength, MinNewTokens};
pub use repetition::{NoRepeatNGram, RepetitionPenalty};
pub use sequences::{NoBadWords, SequenceBias};
pub use suppressed::{SuppressTokens, SuppressTokensAtBegin};
pub use top::{Temperature, TopK, TopP};
pub use whole_row::{LogitNormalization, RemoveInvalidValues};

/// One step of the pipeline from a model's scores to those that tokens are chosen by. Closures are processors too.
pub trait LogitsProcessor: Send + Sync {
    /// Changes `scores`, one a token of the vocabulary, in place; `ids` is the text so far, prompt and padding included.
    fn process(&self, ids: &[i64], scores: &mut [f32]);
}

impl<F: Fn(&[i64], &mut [f32]) + Send + Sync> LogitsProcessor for F {
    fn process(&self, ids: &[i64], scores: &mut [f32]) {
        self(ids, scores);
    }
}

/// Rules out every token but `kept`.
fn keep_only(scores: &mut [f32], kept: &[usize]) {
    let values: Vec<f32> = kept.iter().map(|&i| scores[i]).collect();
    scores.fill(f32::NEG_INFINITY);
    for (&i, value) in kept.iter().zip(values) {
        scores[i] = value;
    }
}

/// Rules out these tokens.
fn rule_out(ids: &[i64], scores: &mut [f32]) {
    for &id in ids {
        if let Some(score) = usize::try_from(id).ok().and_then(|id| scores.get_mut(id)) {
            *score = f32::NEG_INFINITY;
        }
    }
}
