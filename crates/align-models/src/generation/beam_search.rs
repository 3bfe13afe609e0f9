//! Beam search and beam sampling.
//!
//! At each step every prompt has up to `num_beams` running beams. Of all their continuations `(1 + eos ids) · num_beams`
//! candidates are taken (the likeliest, or drawn without replacement), so that enough of them go on whichever end. Those
//! that end a text finish if they are among the first `num_beams`; of the others the `num_beams` likeliest run on.

use super::GenerationError;
use super::beam_decoder::{BeamDecoder, BeamToken};
use super::draws::{DrawKey, Draws};
use super::hypotheses::{Hypotheses, Hypothesis};
use super::plan::Plan;
use super::ranking::{best, survivors};
use super::rows::map_rows;
use crate::{CausalLm, Result};
use std::cmp::Ordering;

/// A text that runs on.
struct Beam {
    ids: Vec<i64>,
    /// Log-probability of each token behind the prompt.
    token_logps: Vec<f64>,
    /// Their sum.
    logp: f64,
    /// Where the decoder holds its tokens behind the prompt.
    places: Vec<usize>,
    /// Its row of scores.
    row: usize,
}

/// The search from one prompt.
struct Search {
    key: DrawKey,
    /// Likeliest first.
    beams: Vec<Beam>,
    hypotheses: Hypotheses,
    /// Its group of the decoder.
    group: usize,
    done: bool,
}

/// A beam continued by one token.
struct Candidate {
    beam: usize,
    token: i64,
    logp: f64,
    /// What candidates are taken by: `logp`, with Gumbel noise where they are drawn.
    rank: f64,
}

/// The best `num_return_sequences` texts of each prompt, best first; the texts of a prompt stand together.
pub(super) fn run<M: CausalLm + ?Sized>(mut decoder: BeamDecoder<M>, plan: &Plan) -> Result<Vec<Hypothesis>> {
    let candidates_kept = (1 + plan.eos.len()).max(2).saturating_mul(plan.config.num_beams);
    let mut searches = start(plan);
    for step in 0..plan.max_length - plan.prompt_length {
        let running: Vec<(usize, usize)> = searches
            .iter()
            .enumerate()
            .filter(|(_, search)| !search.done)
            .flat_map(|(s, search)| (0..search.beams.len()).map(move |b| (s, b)))
            .collect();
        let vocab = decoder.scores().vocab;
        let by_beam = decoder.scores().read(|scores| {
            map_rows(running.len(), vocab, |i, scratch| {
                let (s, b) = running[i];
                scratch.clear();
                scratch.extend_from_slice(scores.row(searches[s].beams[b].row));
                candidates(plan, &searches[s], b, step, candidates_kept, scratch)
            })
        })?;
        let mut by_search: Vec<Vec<Candidate>> = searches.iter().map(|_| Vec::new()).collect();
        for ((s, _), found) in running.into_iter().zip(by_beam) {
            by_search[s].extend(found);
        }
        for (search, mut found) in searches.iter_mut().zip(by_search).filter(|(search, _)| !search.done) {
            found.sort_by(by_rank);
            found.truncate(candidates_kept);
            search.advance(plan, found, step);
        }
        if searches.iter().all(|search| search.done) {
            break;
        }
        advance(&mut decoder, &mut searches, plan.config.num_beams)?;
    }
    finish(searches, plan)
}

fn start(plan: &Plan) -> Vec<Search> {
    let search = |(row, (ids, &sequence)): (usize, (&Vec<i64>, &u64))| Search {
        key: DrawKey { seed: plan.config.seed, sequence, text: 0 },
        beams: vec![Beam { ids: ids.clone(), token_logps: Vec::new(), logp: 0.0, places: Vec::new(), row }],
        hypotheses: Hypotheses::new(plan.config, plan.max_length - plan.prompt_length),
        group: row,
        done: false,
    };
    plan.prompts.iter().zip(plan.keys).enumerate().map(search).collect()
}

/// The continuations of one beam that may be among the `kept` of its prompt.
fn candidates(
    plan: &Plan,
    search: &Search,
    beam: usize,
    step: usize,
    kept: usize,
    scores: &mut [f32],
) -> Vec<Candidate> {
    let Beam { ids, logp, .. } = &search.beams[beam];
    for processor in &plan.pipeline {
        processor.process(ids, scores);
    }
    let continued = |token: usize| logp + f64::from(scores[token]);
    if !plan.config.do_sample {
        let likeliest = best(scores, kept).into_iter();
        return likeliest
            .map(|i| Candidate { beam, token: i as i64, logp: continued(i), rank: continued(i) })
            .collect();
    }
    let mut draws = Draws::new(search.key, step);
    let first = (beam * scores.len()) as u64;
    let mut drawn: Vec<Candidate> = survivors(scores)
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

impl Search {
    /// Sorts the candidates, in the order in which they were taken, into finished texts and the next beams.
    fn advance(&mut self, plan: &Plan, candidates: Vec<Candidate>, step: usize) {
        let num_beams = plan.config.num_beams;
        let at_limit = plan.prompt_length + step + 1 >= plan.max_length;
        let mut next = Vec::with_capacity(candidates.len());
        for (order, candidate) in candidates.into_iter().enumerate() {
            let ends = plan.eos.contains(&candidate.token)
                || (!plan.stopping.is_empty() && plan.stopped(&self.continued(&candidate)));
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
            let Beam { places, row, .. } = &self.beams[c.beam];
            let token_logps = self.token_logps(c);
            Beam { ids: self.continued(c), token_logps, logp: c.logp, places: places.clone(), row: *row }
        };
        self.beams = next.iter().map(beam).collect();
    }

    fn continued(&self, candidate: &Candidate) -> Vec<i64> {
        let held = &self.beams[candidate.beam].ids;
        held.iter().copied().chain([candidate.token]).collect()
    }

    fn token_logps(&self, candidate: &Candidate) -> Vec<f64> {
        let Beam { token_logps, logp, .. } = &self.beams[candidate.beam];
        token_logps.iter().copied().chain([candidate.logp - logp]).collect()
    }
}

/// Feeds the running beams' last tokens. The groups of searches that are over are let go once they are a quarter of all, since
/// that copies the cache.
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
            search.beams.iter().map(|beam| BeamToken { places: &beam.places, token: token(beam) }).collect();
    }
    let places: Vec<usize> = (0..num_beams).map(|beam| decoder.place(beam)).collect();
    decoder.step(&groups)?;
    for search in searches.iter_mut().filter(|search| !search.done) {
        for (number, beam) in search.beams.iter_mut().enumerate() {
            beam.places.push(places[number]);
            beam.row = search.group * num_beams + number;
        }
    }
    Ok(())
}

fn finish(searches: Vec<Search>, plan: &Plan) -> Result<Vec<Hypothesis>> {
    let needed = plan.config.num_return_sequences;
    let mut all = Vec::new();
    for search in searches {
        let step = search.beams.first().map_or(plan.max_length, |beam| beam.ids.len()) - plan.prompt_length;
        let best = search.hypotheses.into_best();
        if best.len() < needed {
            let (prompt, survivors) = (search.key.sequence, best.len());
            return Err(GenerationError::NothingLeft { prompt, step, survivors, needed }.into());
        }
        all.extend(best.into_iter().take(needed));
    }
    Ok(all)
}
