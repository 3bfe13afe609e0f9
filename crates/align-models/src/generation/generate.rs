use super::beam_decoder::BeamDecoder;
use super::decoder::Decoder;
use super::memory::check_batch;
use super::pipeline::pipeline;
use super::plan::Plan;
use super::token_ids::eos_ids;
use super::{Generation, GenerationConfig, GenerationError, beam_search, sampling};
use crate::{CausalLm, Error};
use tch::{Kind, Tensor};

/// New tokens where neither `max_length` nor `max_new_tokens` is set.
const DEFAULT_NEW_TOKENS: usize = 20;

/// Texts as token ids.
#[derive(Debug, Clone, PartialEq)]
pub struct Generated {
    /// Prompt and continuation, padded on the right to the longest; `num_return_sequences` rows a prompt.
    pub sequences: Vec<Vec<i64>>,
    /// With beams: a row's log-probability over its new tokens to the power of `length_penalty`.
    pub sequences_scores: Option<Vec<f64>>,
    /// With `output_scores`: [`Completion::token_logps`](super::Completion::token_logps) of each row.
    pub token_logps: Option<Vec<Vec<f64>>>,
}

/// A text without padding, and its score if beams found it.
pub(super) struct Written {
    pub ids: Vec<i64>,
    pub score: Option<f64>,
    pub token_logps: Option<Vec<f64>>,
}

/// Continues a batch of prompts.
///
/// * `input_ids`: int64, `(batch, seq)`. Padding counts as text, as in transformers: towards `max_length`, and for
///   `no_repeat_ngram_size` and `repetition_penalty`; [`generate_prompts`](super::generate_prompts) avoids padding.
/// * `attention_mask`: `(batch, seq)`, 1 on tokens and 0 on the padding, which stands on the left; `None`: no padding.
/// * `first_sequence`: the number of the first prompt. With the same seed, prompt number n continues in the same way
///   whatever batch it is in.
///
/// The model is to be in evaluation mode. No gradients are kept.
///
/// # Errors
/// Shapes that do not fit, ids outside the vocabulary, a prompt that leaves no room in `max_length` or in the model's
/// `n_positions`, or options that rule out every token.
pub fn generate<M: CausalLm + ?Sized>(
    model: &M,
    input_ids: &Tensor,
    attention_mask: Option<&Tensor>,
    generation: &Generation,
    first_sequence: u64,
) -> crate::Result<Generated> {
    let ids = rows_of(input_ids, "input_ids")?;
    let mask = attention_mask.map(|mask| rows_of(mask, "attention_mask")).transpose()?;
    let keys: Vec<u64> = (0..ids.len() as u64).map(|i| first_sequence.wrapping_add(i)).collect();
    let length = ids.first().map_or(0, Vec::len);
    if length > 0 {
        check_batch(model, generation, ids.len(), length, max_length(model, generation.config(), length, 0)?)?;
    }
    let written = continue_keyed(model, &ids, mask.as_deref(), generation, &keys)?;
    let token_logps = written.iter().map(|text| text.token_logps.clone()).collect();
    let sequences_scores = written.iter().map(|text| text.score).collect();
    let mut sequences: Vec<Vec<i64>> = written.into_iter().map(|text| text.ids).collect();
    let longest = sequences.iter().map(Vec::len).max().unwrap_or(0);
    let eos = eos_ids(model, generation)?;
    let pad = generation.config().pad_token_id.or(eos.first().copied()).unwrap_or(0);
    sequences.iter_mut().for_each(|ids| ids.resize(longest, pad));
    Ok(Generated { sequences, sequences_scores, token_logps })
}

/// Continues prompts of one length, each under its own number. The texts come unpadded.
pub(super) fn continue_keyed<M: CausalLm + ?Sized>(
    model: &M,
    prompts: &[Vec<i64>],
    mask: Option<&[Vec<i64>]>,
    generation: &Generation,
    keys: &[u64],
) -> crate::Result<Vec<Written>> {
    let config = generation.config();
    let eos = eos_ids(model, generation)?;
    let padding = check_prompts(model, prompts, mask, keys)?;
    let prompt_length = prompts.first().map_or(0, Vec::len);
    let max_length = max_length(model, config, prompt_length, padding)?;
    let pipeline = pipeline(generation, &eos, prompt_length, max_length);
    let stopping = generation.stopping();
    let plan = Plan { config, pipeline, stopping, eos, prompts, keys, prompt_length, max_length };
    let ids = matrix(prompts)?;
    // A mask of ones needs none of the work that padding does.
    let mask = match mask {
        Some(mask) if mask.iter().flatten().any(|&real| real == 0) => Some(matrix(mask)?),
        _ => None,
    };
    let written = |ids, score, token_logps| {
        let token_logps = config.output_scores.then_some(token_logps);
        Written { ids, score, token_logps }
    };
    let found: crate::Result<Vec<Written>> = tch::no_grad(|| {
        if config.num_beams > 1 {
            let new_tokens = (max_length - prompt_length) as i64;
            let decoder = BeamDecoder::new(model, &ids, mask.as_ref(), new_tokens, config.num_beams)?;
            let found = beam_search::run(decoder, &plan)?.into_iter();
            Ok(found.map(|text| written(text.ids, Some(text.score), text.token_logps)).collect())
        } else {
            let decoder = Decoder::new(model, &ids, mask.as_ref(), max_length as i64)?;
            let found = sampling::run(decoder, &plan)?.into_iter();
            Ok(found.map(|text| written(text.ids, None, text.token_logps)).collect())
        }
    });
    found.map_err(|error| with_weights_at_fault(model, error))
}

/// A search that was left without tokens because of weights that are not finite, said as that.
pub(super) fn with_weights_at_fault<M: CausalLm + ?Sized>(model: &M, error: Error) -> Error {
    let Error::Generation(GenerationError::NothingLeft { prompt, .. }) = error else { return error };
    match model.parameters().first_not_finite() {
        Ok(Some(tensor)) => {
            Error::NotFinite { what: "the scores behind prompt", number: prompt, tensor: Some(tensor.to_owned()) }
        }
        _ => error,
    }
}

pub(super) fn matrix(rows: &[Vec<i64>]) -> crate::Result<Tensor> {
    Ok(Tensor::f_from_slice(&rows.concat())?.f_view([rows.len() as i64, -1])?)
}

fn rows_of(tensor: &Tensor, name: &str) -> crate::Result<Vec<Vec<i64>>> {
    if tensor.dim() != 2 {
        let found = tensor.size();
        return Err(GenerationError::Prompt(format!("{name} has shape {found:?}, expected (batch, seq)")).into());
    }
    if !matches!(tensor.kind(), Kind::Int64 | Kind::Int | Kind::Bool) {
        return Err(GenerationError::Prompt(format!("{name} is {:?}, expected int64", tensor.kind())).into());
    }
    let rows = tensor.f_to_kind(Kind::Int64)?.f_to_device(tch::Device::Cpu)?;
    Ok(Vec::<Vec<i64>>::try_from(&rows)?)
}

/// Checks ids and mask; returns the padding of the row that has least of it.
pub(super) fn check_prompts<M: CausalLm + ?Sized>(
    model: &M,
    prompts: &[Vec<i64>],
    mask: Option<&[Vec<i64>]>,
    keys: &[u64],
) -> Result<usize, GenerationError> {
    let vocab = model.vocab_size();
    if prompts.is_empty() || prompts.iter().any(Vec::is_empty) {
        return Err(GenerationError::Prompt("an empty prompt: start it with the model's BOS token".into()));
    }
    for (prompt, key) in prompts.iter().zip(keys) {
        if let Some(id) = prompt.iter().find(|id| !(0..vocab).contains(*id)) {
            let why = format!(
                "prompt {key} holds token {id}, the model has {vocab} tokens: was it encoded by another tokenizer?"
            );
            return Err(GenerationError::Prompt(why));
        }
    }
    let Some(mask) = mask else { return Ok(0) };
    if mask.len() != prompts.len() || mask.iter().zip(prompts).any(|(mask, prompt)| mask.len() != prompt.len()) {
        return Err(GenerationError::Prompt("attention_mask and input_ids differ in shape".into()));
    }
    for (row, key) in mask.iter().zip(keys) {
        if let Some(other) = row.iter().find(|real| !(0..=1).contains(*real)) {
            return Err(GenerationError::Prompt(format!(
                "attention_mask of prompt {key} holds {other}, expected 0 or 1"
            )));
        }
        if row.last() != Some(&1) {
            let why = format!("prompt {key} ends in padding, which would be continued: pad on the left");
            return Err(GenerationError::Prompt(why));
        }
    }
    Ok(mask.iter().map(|row| row.iter().filter(|&&real| real == 0).count()).min().unwrap_or(0))
}

/// Longest text in tokens, prompt and padding included.
pub(super) fn max_length<M: CausalLm + ?Sized>(
    model: &M,
    config: &GenerationConfig,
    prompt: usize,
    padding: usize,
) -> Result<usize, GenerationError> {
    let n_positions = usize::try_from(model.n_positions()).unwrap_or(0);
    let most = n_positions.saturating_add(padding);
    let limit = match (config.max_length, config.max_new_tokens) {
        (Some(max_length), _) => max_length,
        (None, Some(new)) => prompt.saturating_add(new),
        (None, None) => (prompt + DEFAULT_NEW_TOKENS).min(most),
    };
    let what = match config.max_length {
        Some(max_length) => format!("max_length, {max_length}"),
        None => format!("the model's n_positions, {n_positions}"),
    };
    if prompt >= limit {
        let why = format!(
            "the prompt's {prompt} tokens (padding included) leave no room in {what}: shorten it or allow more"
        );
        return Err(GenerationError::Prompt(why));
    }
    if limit > most {
        let why = format!(
            "a prompt of {} tokens and {} new ones are more than the model's n_positions, {n_positions}: shorten the \
             prompt or lower max_length or max_new_tokens",
            prompt - padding,
            limit - prompt
        );
        return Err(GenerationError::Prompt(why));
    }
    if let Some(new) = config.min_new_tokens.filter(|new| prompt.saturating_add(*new) > limit) {
        let conflict = format!("{new} tokens behind a prompt of {prompt} are more than the {limit} allowed");
        return Err(GenerationError::Conflict {
            option: "min_new_tokens",
            conflict,
            remedy: "lower it or raise max_length",
        });
    }
    if let Some(min) = config.min_length.filter(|min| *min > limit) {
        let conflict = format!("{min} is more than the {limit} tokens allowed for a prompt of {prompt}");
        return Err(GenerationError::Conflict {
            option: "min_length",
            conflict,
            remedy: "lower it or raise max_new_tokens",
        });
    }
    Ok(limit)
}
