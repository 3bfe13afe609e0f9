//! Greedy search and sampling.

use super::GenerationError;
use super::decoding_context::DecodingContext;
use super::draws::{DrawKey, Draws};
use super::incremental_decoder::IncrementalDecoder;
use super::parallel_rows::parallel_map_rows;
use super::pipeline::Pipeline;
use super::ranking::{allowed_tokens, log_sum_exp, top_n};

use crate::{CausalLm, Result};

/// A text that is being generated.
pub(super) struct Text {
    pub prompt: usize,
    pub ids: Vec<i64>,
    /// Log-probability of each new token, if requested.
    pub token_logps: Vec<f64>,
    pub key: DrawKey,
    /// Its row in the decoder.
    pub row: usize,
    pub finished: bool,
}

/// Generates `num_return_sequences` texts for each prompt, grouped by prompt.
pub(super) fn run<M: CausalLm + ?Sized>(
    mut decoder: IncrementalDecoder<M>,
    context: &DecodingContext,
) -> Result<Vec<Text>> {
    let mut texts = start(context);
    for step in 0..context.max_length - context.prompt_length {
        let active: Vec<usize> = (0..texts.len()).filter(|&i| !texts[i].finished).collect();
        let vocab = decoder.scores().vocab;
        let chosen = decoder.scores().read(|scores| {
            parallel_map_rows(active.len(), vocab, |i, scratch| {
                let text = &texts[active[i]];
                scratch.clear();
                scratch.extend_from_slice(scores.row(text.row));
                let token = choose(&context.pipeline, text, context.config.do_sample, step, scratch)?;
                Some((token, context.config.output_scores.then(|| token_logp(scratch, token))))
            })
        })?;
        for (&i, token) in active.iter().zip(chosen) {
            let text = &mut texts[i];
            let Some((token, logp)) = token else {
                let prompt = context.prompt_indices[text.prompt];
                return Err(GenerationError::TooFewContinuations { prompt, step, available: 0, needed: 1 }.into());
            };
            text.ids.push(token);
            text.token_logps.extend(logp);
            let ends = context.eos.contains(&token) || context.stopped(&text.ids);
            text.finished = ends || text.ids.len() >= context.max_length;
        }
        if texts.iter().all(|text| text.finished) {
            break;
        }
        advance(&mut decoder, &mut texts, step == 0 && context.config.num_return_sequences > 1)?;
    }
    Ok(texts)
}

fn start(context: &DecodingContext) -> Vec<Text> {
    let texts_per_prompt = context.config.num_return_sequences;
    let prompts = context.prompts.iter().zip(context.prompt_indices).enumerate();
    let text = |row: usize, ids: &Vec<i64>, prompt: u64, text: usize| Text {
        prompt: row,
        ids: ids.clone(),
        token_logps: Vec::new(),
        key: DrawKey { seed: context.config.seed, prompt, text: text as u64 },
        row,
        finished: false,
    };
    prompts.flat_map(|(row, (ids, &prompt))| (0..texts_per_prompt).map(move |i| text(row, ids, prompt, i))).collect()
}

/// Selects the next token of a text from its scores, which are processed in place. `None` if no token is allowed or a score is NaN.
pub(super) fn choose(
    pipeline: &Pipeline,
    text: &Text,
    do_sample: bool,
    step: usize,
    scores: &mut [f32],
) -> Option<i64> {
    // A single NaN makes every probability NaN. The loop has no early exit, so that it is vectorised.
    if scores.iter().fold(false, |any, score| any | score.is_nan()) {
        return None;
    }
    for processor in pipeline {
        processor.process(&text.ids, scores);
    }
    let token = if do_sample {
        let mut draws = Draws::new(text.key, step);
        let drawn = allowed_tokens(scores).into_iter().map(|i| (f64::from(scores[i]) + draws.gumbel(i as u64), i));
        drawn.max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, i)| i)
    } else {
        top_n(scores, 1).first().copied()
    };
    token.map(|i| i as i64)
}

/// Log-probability of a token under the softmax of the processed scores.
fn token_logp(scores: &[f32], token: i64) -> f64 {
    f64::from(scores[token as usize]) - log_sum_exp(scores)
}

/// Runs the model on the selected tokens. After the first step (`part`) each text of a prompt gets its own row. The rows of finished
/// texts are dropped once they are a quarter of all rows, because this copies the cache.
fn advance<M: CausalLm + ?Sized>(decoder: &mut IncrementalDecoder<M>, texts: &mut [Text], part: bool) -> Result<()> {
    let mut active: Vec<&mut Text> = texts.iter_mut().filter(|text| !text.finished).collect();
    let last = |text: &Text| text.ids.last().copied().unwrap_or(0);
    if part || active.len() * 4 <= decoder.rows() * 3 {
        let parents: Vec<i64> = active.iter().map(|text| text.row as i64).collect();
        let tokens: Vec<i64> = active.iter().map(|text| last(text)).collect();
        active.iter_mut().enumerate().for_each(|(row, text)| text.row = row);
        decoder.step_from(&parents, &tokens)
    } else {
        let mut tokens = vec![0; decoder.rows()];
        active.iter().for_each(|text| tokens[text.row] = last(text));
        decoder.step(&tokens)
    }
}
