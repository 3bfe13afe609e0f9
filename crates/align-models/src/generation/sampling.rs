//! Greedy search and sampling.

use super::GenerationError;
use super::decoding_context::{DecodingContext, Prompt};
use super::draws::{DrawKey, Draws};
use super::incremental_decoder::IncrementalDecoder;
use super::parallel_rows::parallel_map_rows;
use super::pipeline::Pipeline;
use super::ranking::{log_sum_exp, top_n};

use crate::{CausalLm, Result};

/// A text that is being generated.
pub(super) struct Text<'a> {
    prompt: Prompt<'a>,
    pub ids: Vec<i64>,
    /// Log-probability of each new token, if requested.
    pub token_logps: Vec<f64>,
    key: DrawKey,
    /// Its row in the decoder.
    row: usize,
    finished: bool,
}

/// Generates `num_return_sequences` texts for each prompt, grouped by prompt.
pub(super) fn run<'a, M: CausalLm + ?Sized>(
    mut decoder: IncrementalDecoder<M>,
    context: &DecodingContext<'a>,
) -> Result<Vec<Text<'a>>> {
    let mut texts = start(context);
    for step in 0..context.most_new_tokens() {
        let active: Vec<usize> = (0..texts.len()).filter(|&i| !texts[i].finished).collect();
        let vocab = decoder.scores().vocab;
        let chosen = decoder.scores().read(|scores| {
            parallel_map_rows(active.len(), vocab, |i, scratch| {
                let text = &texts[active[i]];
                scratch.clear();
                scratch.extend_from_slice(scores.row(text.row));
                let pipeline = &text.prompt.limits.pipeline;
                let token = choose(pipeline, &text.ids, text.key, context.config.do_sample, step, scratch)?;
                Some((token, context.config.output_scores.then(|| token_logp(scratch, token))))
            })
        })?;
        for (&i, token) in active.iter().zip(chosen) {
            let text = &mut texts[i];
            let Some((token, logp)) = token else {
                let prompt = text.prompt.index;
                return Err(GenerationError::TooFewContinuations { prompt, step, available: 0, needed: 1 }.into());
            };
            text.ids.push(token);
            text.token_logps.extend(logp);
            let limits = text.prompt.limits;
            let ends = context.eos.contains(&token) || context.stopped(&text.ids, limits);
            text.finished = ends || text.ids.len() >= limits.max_length;
        }
        if texts.iter().all(|text| text.finished) {
            break;
        }
        advance(&mut decoder, &mut texts, step == 0 && context.config.num_return_sequences > 1)?;
    }
    Ok(texts)
}

fn start<'a>(context: &DecodingContext<'a>) -> Vec<Text<'a>> {
    let texts_per_prompt = context.config.num_return_sequences;
    let text = |row: usize, prompt: Prompt<'a>, text: usize| Text {
        prompt,
        ids: prompt.ids.to_vec(),
        token_logps: Vec::new(),
        key: DrawKey { seed: context.config.seed, prompt: prompt.index, text: text as u64 },
        row,
        finished: false,
    };
    let prompts = context.prompts.iter().enumerate();
    prompts.flat_map(|(row, prompt)| (0..texts_per_prompt).map(move |i| text(row, *prompt, i))).collect()
}

/// Selects the next token of the text `ids` from its scores, which are processed in place. `None` if no token is allowed or a score is NaN.
pub(super) fn choose(
    pipeline: &Pipeline,
    ids: &[i64],
    key: DrawKey,
    do_sample: bool,
    step: usize,
    scores: &mut [f32],
) -> Option<i64> {
    // A single NaN makes every probability NaN. The loop has no early exit, so that it is vectorised.
    if scores.iter().fold(false, |any, score| any | score.is_nan()) {
        return None;
    }
    for processor in pipeline {
        processor.process(ids, scores);
    }
    let token = if do_sample { Draws::new(key, step).sample(scores) } else { top_n(scores, 1).first().copied() };
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
    if part || active.len() * 4 <= decoder.rows() * 3 {
        let parents: Vec<usize> = active.iter().map(|text| text.row).collect();
        active.iter_mut().enumerate().for_each(|(row, text)| text.row = row);
        decoder.keep(&parents)?;
    }
    let mut tokens = vec![None; decoder.rows()];
    active.iter().for_each(|text| tokens[text.row] = text.ids.last().copied());
    decoder.step(&tokens)
}
