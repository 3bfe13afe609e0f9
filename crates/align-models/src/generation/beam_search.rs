//! Beam search and beam sampling.
//!
//! At each step every prompt has up to `num_beams` running beams. Among all their continuations, `(1 + eos ids) · num_beams`
//! candidates are selected: the most likely ones, or samples without replacement. This is enough for `num_beams` candidates that do not
//! end with an EOS. Candidates that end are finished if they are among the first `num_beams`. The `num_beams` most likely of the others
//! become the next beams.

use super::GenerationError;
use super::beam_decoder::{BeamDecoder, BeamToken};
use super::decoding_context::{DecodingContext, Prompt};
use super::draws::{DrawKey, Draws};
use super::hypotheses::{Hypotheses, Hypothesis};
use super::parallel_rows::parallel_map_rows;
use super::ranking::{allowed_tokens, top_n};
use crate::{CausalLm, Result};
use std::cmp::Ordering;

/// A running beam.
struct Beam {
    ids: Vec<i64>,
    /// Log-probability of each new token.
    token_logps: Vec<f64>,
    /// Their sum.
    logp: f64,
    /// The decoder's cache slots of its new tokens.
    slots: Vec<usize>,
    /// Its row in the scores.
    row: usize,
}

/// The search from one prompt.
struct Search<'a> {
    prompt: Prompt<'a>,
    key: DrawKey,
    /// Most likely first.
    beams: Vec<Beam>,
    hypotheses: Hypotheses,
    /// Its group in the decoder.
    group: usize,
    done: bool,
}

/// A beam continued by one token.
struct Candidate {
    beam: usize,
    token: i64,
    logp: f64,
    /// The value that candidates are ranked by: `logp`, plus Gumbel noise if they are sampled.
    rank: f64,
}

/// Returns the best `num_return_sequences` texts of each prompt, best first, grouped by prompt.
pub(super) fn run<M: CausalLm + ?Sized>(
    mut decoder: BeamDecoder<M>,
    context: &DecodingContext,
) -> Result<Vec<Hypothesis>> {
    let candidates_kept = (1 + context.eos.len()).max(2).saturating_mul(context.config.num_beams);
    let mut searches = start(context);
    for step in 0..context.most_new_tokens() {
        let running: Vec<(usize, usize)> = searches
            .iter()
            .enumerate()
            .filter(|(_, search)| !search.done)
            .flat_map(|(s, search)| (0..search.beams.len()).map(move |b| (s, b)))
            .collect();
        let vocab = decoder.scores().vocab;
        let by_beam = decoder.scores().read(|scores| {
            parallel_map_rows(running.len(), vocab, |i, scratch| {
                let (s, b) = running[i];
                scratch.clear();
                scratch.extend_from_slice(scores.row(searches[s].beams[b].row));
                candidates(context, &searches[s], b, step, candidates_kept, scratch)
            })
        })?;
        let mut by_search: Vec<Vec<Candidate>> = searches.iter().map(|_| Vec::new()).collect();
        for ((s, _), found) in running.into_iter().zip(by_beam) {
            by_search[s].extend(found);
        }
        for (search, mut found) in searches.iter_mut().zip(by_search).filter(|(search, _)| !search.done) {
            found.sort_by(by_rank);
            found.truncate(candidates_kept);
            search.advance(context, found, step);
        }
        if searches.iter().all(|search| search.done) {
            break;
        }
        advance(&mut decoder, &mut searches, context.config.num_beams)?;
    }
    finish(searches, context)
}

fn start<'a>(context: &DecodingContext<'a>) -> Vec<Search<'a>> {
    let search = |(row, prompt): (usize, &Prompt<'a>)| Search {
        prompt: *prompt,
        key: DrawKey { seed: context.config.seed, prompt: prompt.index, text: 0 },
        beams: vec![Beam { ids: prompt.ids.to_vec(), token_logps: Vec::new(), logp: 0.0, slots: Vec::new(), row }],
        hypotheses: Hypotheses::new(context.config, prompt.limits.new_tokens()),
        group: row,
        done: false,
    };
    context.prompts.iter().enumerate().map(search).collect()
}

/// The best `kept` continuations of one beam.
fn candidates(
    context: &DecodingContext,
    search: &Search,
    beam: usize,
    step: usize,
    kept: usize,
    scores: &mut [f32],
) -> Vec<Candidate> {
    let Beam { ids, logp, .. } = &search.beams[beam];
    for processor in &search.prompt.limits.pipeline {
        processor.process(ids, scores);
    }
    let continued = |token: usize| logp + f64::from(scores[token]);
    if !context.config.do_sample {
        return top_n(scores, kept)
            .into_iter()
            .map(|i| Candidate { beam, token: i as i64, logp: continued(i), rank: continued(i) })
            .collect();
    }
    let mut draws = Draws::new(search.key, step);
    let first = (beam * scores.len()) as u64;
    let mut drawn: Vec<Candidate> = allowed_tokens(scores)
        .into_iter()
        .map(|i| {
            let logp = continued(i);
            Candidate { beam, token: i as i64, logp, rank: logp + draws.gumbel(first + i as u64) }
        })
        .collect();
    if drawn.len() > kept {
        drawn.select_nth_unstable_by(kept, by_rank);
        drawn.truncate(kept);
    }
    drawn
}

fn by_rank(a: &Candidate, b: &Candidate) -> Ordering {
    b.rank.total_cmp(&a.rank).then(a.beam.cmp(&b.beam)).then(a.token.cmp(&b.token))
}

impl Search<'_> {
    /// Sorts the candidates, which are in the order of their rank, into finished texts and the next beams.
    fn advance(&mut self, context: &DecodingContext, candidates: Vec<Candidate>, step: usize) {
        let num_beams = context.config.num_beams;
        let at_limit = step + 1 >= self.prompt.limits.new_tokens();
        let mut next = Vec::with_capacity(candidates.len());
        for (order, candidate) in candidates.into_iter().enumerate() {
            let ends = context.eos.contains(&candidate.token)
                || (!context.stopping.is_empty() && context.stopped(&self.continued(&candidate), self.prompt.limits));
            if !at_limit && !ends {
                next.push(candidate);
            } else if order < num_beams {
                let ids = self.continued(&candidate);
                self.hypotheses.add(ids, self.token_logps(&candidate), candidate.logp, step + 1);
            }
        }
        next.sort_by(|a, b| b.logp.total_cmp(&a.logp));
        next.truncate(num_beams);
        self.done = self.hypotheses.is_done(next.first().map(|best| best.logp), step + 1);
        let beam = |c: &Candidate| {
            let Beam { slots, row, .. } = &self.beams[c.beam];
            let token_logps = self.token_logps(c);
            Beam { ids: self.continued(c), token_logps, logp: c.logp, slots: slots.clone(), row: *row }
        };
        self.beams = next.iter().map(beam).collect();
    }

    fn continued(&self, candidate: &Candidate) -> Vec<i64> {
        let ids = &self.beams[candidate.beam].ids;
        ids.iter().copied().chain([candidate.token]).collect()
    }

    fn token_logps(&self, candidate: &Candidate) -> Vec<f64> {
        let Beam { token_logps, logp, .. } = &self.beams[candidate.beam];
        token_logps.iter().copied().chain([candidate.logp - logp]).collect()
    }
}

/// Runs the model on the last tokens of the running beams. Finished groups are dropped once they are a quarter of all groups, because
/// this copies the cache.
fn advance<M: CausalLm + ?Sized>(
    decoder: &mut BeamDecoder<M>,
    searches: &mut [Search],
    num_beams: usize,
) -> Result<()> {
    let open = searches.iter().filter(|search| !search.done).count();
    if open * 4 <= decoder.groups() * 3 {
        let groups: Vec<usize> = searches.iter().filter(|search| !search.done).map(|search| search.group).collect();
        decoder.keep(&groups)?;
        searches.iter_mut().filter(|search| !search.done).enumerate().for_each(|(group, search)| search.group = group);
    }
    let mut groups: Vec<Vec<BeamToken>> = (0..decoder.groups()).map(|_| Vec::new()).collect();
    for search in searches.iter().filter(|search| !search.done) {
        let token = |beam: &Beam| beam.ids.last().copied().unwrap_or(0);
        groups[search.group] =
            search.beams.iter().map(|beam| BeamToken { slots: &beam.slots, token: token(beam) }).collect();
    }
    let slots: Vec<usize> = (0..num_beams).map(|beam| decoder.slot(beam)).collect();
    decoder.step(&groups)?;
    for search in searches.iter_mut().filter(|search| !search.done) {
        for (number, beam) in search.beams.iter_mut().enumerate() {
            beam.slots.push(slots[number]);
            beam.row = search.group * num_beams + number;
        }
    }
    Ok(())
}

fn finish(searches: Vec<Search>, context: &DecodingContext) -> Result<Vec<Hypothesis>> {
    let needed = context.config.num_return_sequences;
    let mut all = Vec::new();
    for search in searches {
        let limits = search.prompt.limits;
        let step = search.beams.first().map_or(limits.max_length, |beam| beam.ids.len()) - limits.prompt_length;
        let best = search.hypotheses.into_best();
        if best.len() < needed {
            let (prompt, available) = (search.key.prompt, best.len());
            return Err(GenerationError::TooFewContinuations { prompt, step, available, needed }.into());
        }
        all.extend(best.into_iter().take(needed));
    }
    Ok(all)
}
