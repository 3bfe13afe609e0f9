//! Builds the pipeline of logits processors for the options.

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

use super::processors::{
    EpsilonCutoff, EtaCutoff, ExponentialDecayLengthPenalty, ForcedEos, LogitNormalization, LogitsProcessor, MinLength,
    MinNewTokens, MinP, NoBadWords, NoRepeatNGram, RemoveInvalidValues, RepetitionPenalty, SequenceBias,
    SuppressTokens, SuppressTokensAtBegin, Temperature, TopK, TopP, TypicalP,
};
use super::{Generation, GenerationConfig};
use std::sync::Arc;

/// Logits processors in the order in which they are applied.
pub(super) type Pipeline = Vec<Box<dyn LogitsProcessor>>;

/// A custom processor, shared by the pipelines of all batches.
struct Shared(Arc<dyn LogitsProcessor>);

impl LogitsProcessor for Shared {
    fn process(&self, ids: &[i64], scores: &mut [f32]) {
        self.0.process(ids, scores);
    }
}

/// The default of `top_k` in transformers.
const DEFAULT_TOP_K: usize = 50;

/// Builds the processors for the options, in the order of transformers. `prompt_length` and `max_length` are in tokens, including
/// padding.
pub(super) fn pipeline(generation: &Generation, eos: &[i64], prompt_length: usize, max_length: usize) -> Pipeline {
    let c = generation.config();
    let mut all: Pipeline = Vec::new();
    if let Some(sequence_bias) = &c.sequence_bias {
        all.push(Box::new(SequenceBias::new(sequence_bias)));
    }
    if c.repetition_penalty != 1.0 {
        all.push(Box::new(RepetitionPenalty { penalty: c.repetition_penalty as f32 }));
    }
    if c.no_repeat_ngram_size > 0 {
        all.push(Box::new(NoRepeatNGram { size: c.no_repeat_ngram_size }));
    }
    if let Some(bad_words_ids) = &c.bad_words_ids {
        all.push(Box::new(NoBadWords::new(bad_words_ids, eos)));
    }
    if let Some(min_length @ 1..) = c.min_length {
        all.push(Box::new(MinLength { min_length, eos_token_id: eos.to_vec() }));
    }
    if let Some(min_new_tokens @ 1..) = c.min_new_tokens {
        all.push(Box::new(MinNewTokens { prompt_length, min_new_tokens, eos_token_id: eos.to_vec() }));
    }
    if let Some(eos_token_id) = c.forced_eos_token_id.clone() {
        all.push(Box::new(ForcedEos { max_length, eos_token_id }));
    }
    if c.remove_invalid_values {
        all.push(Box::new(RemoveInvalidValues));
    }
    if let Some((start, factor)) = c.exponential_decay_length_penalty {
        let eos_token_id = eos.to_vec();
        all.push(Box::new(ExponentialDecayLengthPenalty { prompt_length, start, factor, eos_token_id }));
    }
    if let Some(suppress_tokens) = c.suppress_tokens.clone() {
        all.push(Box::new(SuppressTokens { suppress_tokens }));
    }
    if let Some(begin_suppress_tokens) = c.begin_suppress_tokens.clone() {
        all.push(Box::new(SuppressTokensAtBegin { begin_suppress_tokens, begin_index: prompt_length }));
    }
    for own in generation.processors() {
        all.push(Box::new(Shared(Arc::clone(own))));
    }
    if c.do_sample {
        // Beam search keeps enough tokens that at least one does not end the text.
        let min_tokens_to_keep = if c.num_beams > 1 { eos.len().max(1) + 1 } else { 1 };
        warpers(c, min_tokens_to_keep, &mut all);
    }
    if c.renormalize_logits {
        all.push(Box::new(LogitNormalization));
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
