//! Greedy search and sampling: one token at a time for each text on its own.

use super::GenerationError;
use super::decoder::Decoder;
use super::draws::{DrawKey, Draws};
use super::pipeline::Pipeline;
use super::plan::Plan;
use super::ranking::{best, log_sum_exp, survivors};
use super::rows::map_rows;

use crate::{CausalLm, Result};

/// One text in the making.
pub(super) struct Text {
    pub prompt: usize,
    pub ids: Vec<i64>,
    /// Log-probability of each token behind the prompt, if these are asked for.
    pub token_logps: Vec<f64>,
    pub key: DrawKey,
    /// Its row of the decoder.
    pub row: usize,
    pub finished: bool,
}

/// Continues each prompt `num_return_sequences` times; the texts of a prompt stand together.
pub(super) fn run<M: CausalLm + ?Sized>(mut decoder: Decoder<M>, plan: &Plan) -> Result<Vec<Text>> {
    let mut texts = start(plan);
    for step in 0..plan.max_length - plan.prompt_length {
        let active: Vec<usize> = (0..texts.len()).filter(|&i| !texts[i].finished).collect();
        let vocab = decoder.scores().vocab;
        let chosen = decoder.scores().read(|scores| {
            map_rows(active.len(), vocab, |i, scratch| {
                let text = &texts[active[i]];
                scratch.clear();
                scratch.extend_from_slice(scores.row(text.row));
                let token = choose(&plan.pipeline, text, plan.config.do_sample, step, scratch)?;
                Some((token, plan.config.output_scores.then(|| token_logp(scratch, token))))
            })
        })?;
        for (&i, token) in active.iter().zip(chosen) {
            let text = &mut texts[i];
            let Some((token, logp)) = token else {
                let prompt = plan.keys[text.prompt];
                return Err(GenerationError::NothingLeft { prompt, step, survivors: 0, needed: 1 }.into());
            };
            text.ids.push(token);
            text.token_logps.extend(logp);
            let ends = plan.eos.contains(&token) || plan.stopped(&text.ids);
            text.finished = ends || text.ids.len() >= plan.max_length;
        }
        if texts.iter().all(|text| text.finished) {
            break;
        }
        advance(&mut decoder, &mut texts, step == 0 && plan.config.num_return_sequences > 1)?;
    }
    Ok(texts)
}

fn start(plan: &Plan) -> Vec<Text> {
    let each = plan.config.num_return_sequences;
    let numbered = plan.prompts.iter().zip(plan.keys).enumerate();
    let text = |prompt: usize, ids: &Vec<i64>, sequence: u64, text: usize| Text {
        prompt,
        ids: ids.clone(),
        token_logps: Vec::new(),
        key: DrawKey { seed: plan.config.seed, sequence, text: text as u64 },
        row: prompt,
        finished: false,
    };
    numbered.flat_map(|(prompt, (ids, &key))| (0..each).map(move |i| text(prompt, ids, key, i))).collect()
}

/// The token that follows a text, out of its row of scores, which are processed in place; `None` where no token is left
/// or a score is NaN.
pub(super) fn choose(
    pipeline: &Pipeline,
    text: &Text,
    do_sample: bool,
    step: usize,
    scores: &mut [f32],
) -> Option<i64> {
    // A single NaN makes every probability NaN. Without a way out the loop takes several scores at a time.
    if scores.iter().fold(false, |any, score| any | score.is_nan()) {
        return None;
    }
    for processor in pipeline {
        processor.process(&text.ids, scores);
    }
    let token = if do_sample {
        let mut draws = Draws::new(text.key, step);
        let drawn = survivors(scores).into_iter().map(|i| (f64::from(scores[i]) + draws.gumbel(i as u64), i));
        drawn.max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, i)| i)
    } else {
        best(scores, 1).first().copied()
    };
    token.map(|i| i as i64)
}

/// Log-probability of a token under the softmax of processed scores.
fn token_logp(scores: &[f32], token: i64) -> f64 {
    f64::from(scores[token as usize]) - log_sum_exp(scores)
}

/// Feeds the chosen tokens. Texts of one prompt share its row until they part; the rows of finished texts are dropped
/// once they are a quarter of all, since dropping copies the cache.
fn advance<M: CausalLm + ?Sized>(decoder: &mut Decoder<M>, texts: &mut [Text], part: bool) -> Result<()> {
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
