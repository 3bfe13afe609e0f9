use super::beam_decoder::BeamDecoder;
use super::decoding_context::{DecodingContext, Limits, Prompt};
use super::id_rows::{matrix, to_rows};
use super::incremental_decoder::IncrementalDecoder;
use super::memory::check_batch;
use super::pipeline::pipeline;
use super::token_ids::eos_ids;
use super::{Generation, GenerationConfig, GenerationError, beam_search, sampling};
use crate::{CausalLm, Error};
use std::collections::BTreeMap;
use tch::Tensor;

/// Number of new tokens if neither `max_length` nor `max_new_tokens` is set.
const DEFAULT_NEW_TOKENS: usize = 20;

/// The result of [`generate`]: texts as token ids.
#[derive(Debug, Clone, PartialEq)]
pub struct GenerateOutput {
    /// Prompts and completions, padded on the right; `num_return_sequences` rows per prompt.
    pub sequences: Vec<Vec<i64>>,
    /// With beam search: the log-probability of each row divided by the number of its new tokens to the power of `length_penalty`.
    pub sequences_scores: Option<Vec<f64>>,
    /// With `output_scores`: [`Completion::token_logps`](super::Completion::token_logps) of each row.
    pub token_logps: Option<Vec<Vec<f64>>>,
}

/// The token ids of a prompt and its completion without padding, and the score in beam search.
pub(super) struct GeneratedSequence {
    pub ids: Vec<i64>,
    pub score: Option<f64>,
    pub token_logps: Option<Vec<f64>>,
}

/// Generates completions for a batch of prompts.
///
/// * `input_ids`: int64, `(batch, seq)`. As in transformers, padding counts towards `max_length`, and is included by
///   `no_repeat_ngram_size` and `repetition_penalty`. [`generate_completions`](super::generate_completions) avoids padding.
/// * `attention_mask`: `(batch, seq)`, 1 on tokens and 0 on padding, which must be on the left; `None` without padding.
/// * `first_prompt_index`: the index of the first prompt. With the same seed, the prompt with index n gets the same completion in any batch.
///
/// The model must be in evaluation mode. Gradients are not computed.
///
/// # Errors
/// Shapes that do not match, ids outside the vocabulary, a prompt that is too long for `max_length` or the model's
/// `max_position_embeddings`, or options that exclude every token.
pub fn generate<M: CausalLm + ?Sized>(
    model: &M,
    input_ids: &Tensor,
    attention_mask: Option<&Tensor>,
    generation: &Generation,
    first_prompt_index: u64,
) -> crate::Result<GenerateOutput> {
    let ids = to_rows(input_ids, "input_ids")?;
    let mask = attention_mask.map(|mask| to_rows(mask, "attention_mask")).transpose()?;
    let indices: Vec<u64> = (0..ids.len() as u64).map(|i| first_prompt_index.wrapping_add(i)).collect();
    let length = ids.first().map_or(0, Vec::len);
    if length > 0 {
        check_batch(model, generation, ids.len(), length, max_length(model, generation.config(), length, 0)?)?;
    }
    let generated = generate_batch(model, &ids, mask.as_deref(), generation, &indices)?;
    let token_logps = generated.iter().map(|text| text.token_logps.clone()).collect();
    let sequences_scores = generated.iter().map(|text| text.score).collect();
    let mut sequences: Vec<Vec<i64>> = generated.into_iter().map(|text| text.ids).collect();
    let longest = sequences.iter().map(Vec::len).max().unwrap_or(0);
    let eos = eos_ids(model, generation)?;
    let config = generation.config();
    // As in transformers, beam search takes a padding id of 0 for unset if there is an end-of-sequence id.
    let pad = config.pad_token_id.filter(|id| config.num_beams == 1 || *id != 0);
    let pad = pad.or(eos.first().copied()).or(config.pad_token_id).unwrap_or(0);
    sequences.iter_mut().for_each(|ids| ids.resize(longest, pad));
    Ok(GenerateOutput { sequences, sequences_scores, token_logps })
}

/// Generates texts for prompts. `prompt_indices` select the random numbers. The texts are not padded. Prompts have equal lengths with a mask,
/// in beam search, and if the model's cache is not [ragged](crate::KvCache::is_ragged).
pub(super) fn generate_batch<M: CausalLm + ?Sized>(
    model: &M,
    prompts: &[Vec<i64>],
    mask: Option<&[Vec<i64>]>,
    generation: &Generation,
    prompt_indices: &[u64],
) -> crate::Result<Vec<GeneratedSequence>> {
    let config = generation.config();
    let eos = eos_ids(model, generation)?;
    let padding = check_prompts(model, prompts, mask, prompt_indices)?;
    let mut limits = BTreeMap::new();
    for prompt_length in prompts.iter().map(Vec::len) {
        let max_length = max_length(model, config, prompt_length, padding)?;
        let new =
            || Limits { prompt_length, max_length, pipeline: pipeline(generation, &eos, prompt_length, max_length) };
        limits.entry(prompt_length).or_insert_with(new);
    }
    let indexed = prompts.iter().zip(prompt_indices);
    let indexed = indexed.filter_map(|(ids, &index)| Some(Prompt { ids, index, limits: limits.get(&ids.len())? }));
    let context = DecodingContext { config, stopping: generation.stopping(), eos, prompts: indexed.collect() };
    let capacity = limits.values().map(|limits| limits.max_length).max().unwrap_or(0) as i64;
    // A mask of ones is treated as no padding, which is faster.
    let mask = match mask {
        Some(mask) if mask.iter().flatten().any(|&real| real == 0) => Some(matrix(mask)?),
        _ => None,
    };
    let generated = |ids, score, token_logps| {
        let token_logps = config.output_scores.then_some(token_logps);
        GeneratedSequence { ids, score, token_logps }
    };
    let found: crate::Result<Vec<GeneratedSequence>> = tch::no_grad(|| {
        if config.num_beams > 1 {
            let new_tokens = context.most_new_tokens() as i64;
            let decoder = BeamDecoder::new(model, &matrix(prompts)?, mask.as_ref(), new_tokens, config.num_beams)?;
            let found = beam_search::run(decoder, &context)?.into_iter();
            Ok(found.map(|text| generated(text.ids, Some(text.score), text.token_logps)).collect())
        } else {
            let decoder = match &mask {
                Some(mask) => IncrementalDecoder::with_padding(model, &matrix(prompts)?, mask, capacity)?,
                None => IncrementalDecoder::new(model, prompts, capacity)?,
            };
            let found = sampling::run(decoder, &context)?.into_iter();
            Ok(found.map(|text| generated(text.ids, None, text.token_logps)).collect())
        }
    });
    found.map_err(|error| name_non_finite_weights(model, error))
}

/// If the model has weights that are not finite, replaces the error that all tokens are excluded with one that names such a weight.
pub(super) fn name_non_finite_weights<M: CausalLm + ?Sized>(model: &M, error: Error) -> Error {
    let Error::Generation(GenerationError::TooFewContinuations { prompt, .. }) = error else { return error };
    match model.parameters().first_not_finite() {
        Ok(Some(tensor)) => {
            Error::NotFinite { what: "the scores after prompt", number: prompt, tensor: Some(tensor.to_owned()) }
        }
        _ => error,
    }
}

/// Checks ids and mask. Returns the smallest number of padding tokens in any row.
pub(super) fn check_prompts<M: CausalLm + ?Sized>(
    model: &M,
    prompts: &[Vec<i64>],
    mask: Option<&[Vec<i64>]>,
    prompt_indices: &[u64],
) -> Result<usize, GenerationError> {
    let vocab = model.vocab_size();
    if prompts.is_empty() || prompts.iter().any(Vec::is_empty) {
        return Err(GenerationError::Prompt("a prompt is empty: start it with the model's BOS token".into()));
    }
    for (prompt, index) in prompts.iter().zip(prompt_indices) {
        if let Some(id) = prompt.iter().find(|id| !(0..vocab).contains(*id)) {
            let reason = format!(
                "prompt {index} contains token {id}, but the model has {vocab} tokens: use the model's own tokeniser"
            );
            return Err(GenerationError::Prompt(reason));
        }
    }
    let Some(mask) = mask else { return Ok(0) };
    if mask.len() != prompts.len() || mask.iter().zip(prompts).any(|(mask, prompt)| mask.len() != prompt.len()) {
        return Err(GenerationError::Prompt("attention_mask and input_ids differ in shape".into()));
    }
    for (row, index) in mask.iter().zip(prompt_indices) {
        if let Some(other) = row.iter().find(|real| !(0..=1).contains(*real)) {
            return Err(GenerationError::Prompt(format!(
                "attention_mask of prompt {index} contains {other}, expected 0 or 1"
            )));
        }
        if row.last() != Some(&1) {
            let reason = format!("prompt {index} ends with padding: pad on the left");
            return Err(GenerationError::Prompt(reason));
        }
    }
    Ok(mask.iter().map(|row| row.iter().filter(|&&real| real == 0).count()).min().unwrap_or(0))
}

/// The maximum length of a text in tokens, including prompt and padding.
pub(super) fn max_length<M: CausalLm + ?Sized>(
    model: &M,
    config: &GenerationConfig,
    prompt: usize,
    padding: usize,
) -> Result<usize, GenerationError> {
    let max_position_embeddings = usize::try_from(model.max_position_embeddings()).unwrap_or(0);
    let longest = max_position_embeddings.saturating_add(padding);
    let limit = match (config.max_length, config.max_new_tokens) {
        (Some(max_length), _) => max_length,
        (None, Some(new)) => prompt.saturating_add(new),
        (None, None) => (prompt + DEFAULT_NEW_TOKENS).min(longest),
    };
    let (limit_name, remedy) = match config.max_length {
        Some(max_length) => (format!("max_length, {max_length}"), "shorten the prompt or raise max_length"),
        None => (format!("the model's max_position_embeddings, {max_position_embeddings}"), "shorten the prompt"),
    };
    if prompt >= limit {
        let padded = if padding > 0 { " (padding included)" } else { "" };
        let reason = format!("the prompt's {prompt} tokens{padded} leave no room in {limit_name}: {remedy}");
        return Err(GenerationError::Prompt(reason));
    }
    if limit > longest {
        let reason = format!(
            "a prompt of {} tokens plus {} new tokens exceeds the model's max_position_embeddings, {max_position_embeddings}: shorten the \
             prompt or lower max_length or max_new_tokens",
            prompt - padding,
            limit - prompt
        );
        return Err(GenerationError::Prompt(reason));
    }
    if let Some(new) = config.min_new_tokens.filter(|new| prompt.saturating_add(*new) > limit) {
        let conflict = format!("is {new}, but a text has at most {limit} tokens, and the prompt has {prompt} of them");
        return Err(GenerationError::Conflict {
            option: "min_new_tokens",
            conflict,
            remedy: "lower it, or raise `max_length`".into(),
        });
    }
    if let Some(min) = config.min_length.filter(|min| *min > limit) {
        let conflict = format!("is {min}, but a text with this prompt of {prompt} tokens has at most {limit}");
        return Err(GenerationError::Conflict {
            option: "min_length",
            conflict,
            remedy: "lower it, or raise `max_new_tokens`".into(),
        });
    }
    Ok(limit)
}
