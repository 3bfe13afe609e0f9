//! What reshapes the next token's scores before one is chosen, each as transformers computes it.
//!
//! Minus infinity rules a token out. Penalties hold in every strategy; warpers only where tokens are drawn.

mod cutoffs;
mod minimum_length;
mod repetition;
mod top;

pub use cutoffs::{EpsilonCutoff, EtaCutoff, MinP, TypicalP};
pub use minimum_length::{MinLength, MinNewTokens};
pub use repetition::{NoRepeatNGram, RepetitionPenalty};
pub use top::{Temperature, TopK, TopP};

use super::GenerationConfig;

/// One step of the pipeline from a model's scores to those that tokens are chosen by.
pub trait LogitsProcessor: Send + Sync {
    /// Changes `scores`, one a token of the vocabulary, in place; `ids` is the text so far, prompt and padding included.
    fn process(&self, ids: &[i64], scores: &mut [f32]);
}

/// Processors in the order in which they apply.
pub(super) type Pipeline = Vec<Box<dyn LogitsProcessor>>;

/// transformers draws among this many tokens unless told otherwise.
const DEFAULT_TOP_K: usize = 50;

/// The processors that the options ask for, in transformers' order.
pub(super) fn pipeline(c: &GenerationConfig, eos: &[i64], prompt_length: usize) -> Pipeline {
    let mut all: Pipeline = Vec::new();
    if c.repetition_penalty != 1.0 {
        all.push(Box::new(RepetitionPenalty { penalty: c.repetition_penalty as f32 }));
    }
    if c.no_repeat_ngram_size > 0 {
        all.push(Box::new(NoRepeatNGram { size: c.no_repeat_ngram_size }));
    }
    if let Some(min_length @ 1..) = c.min_length {
        all.push(Box::new(MinLength { min_length, eos_token_id: eos.to_vec() }));
    }
    if let Some(min_new_tokens @ 1..) = c.min_new_tokens {
        all.push(Box::new(MinNewTokens { prompt_length, min_new_tokens, eos_token_id: eos.to_vec() }));
    }
    if c.do_sample {
        // With beams enough tokens stay for one that does not end the text.
        let min_tokens_to_keep = if c.num_beams > 1 { eos.len().max(1) + 1 } else { 1 };
        warpers(c, min_tokens_to_keep, &mut all);
    }
    all
}

fn warpers(c: &GenerationConfig, min_tokens_to_keep: usize, all: &mut Pipeline) {
    if let Some(temperature) = c.temperature.filter(|t| *t != 1.0) {
        all.push(Box::new(Temperature { temperature: temperature as f32 }));
    }
    let top_k = c.top_k.unwrap_or(DEFAULT_TOP_K);
    if top_k > 0 {
        all.push(Box::new(TopK { top_k: top_k.max(min_tokens_to_keep) }));
    }
    if let Some(top_p) = c.top_p.filter(|p| *p < 1.0) {
        all.push(Box::new(TopP { top_p, min_tokens_to_keep }));
    }
    if let Some(min_p) = c.min_p {
        all.push(Box::new(MinP { min_p, min_tokens_to_keep }));
    }
    if let Some(typical_p) = c.typical_p.filter(|p| *p < 1.0) {
        all.push(Box::new(TypicalP { typical_p, min_tokens_to_keep }));
    }
    if let Some(epsilon_cutoff) = c.epsilon_cutoff.filter(|e| *e > 0.0) {
        all.push(Box::new(EpsilonCutoff { epsilon_cutoff, min_tokens_to_keep }));
    }
    if let Some(eta_cutoff) = c.eta_cutoff.filter(|e| *e > 0.0) {
        all.push(Box::new(EtaCutoff { eta_cutoff, min_tokens_to_keep }));
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
