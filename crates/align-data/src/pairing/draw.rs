//! Selects the pairs of each strategy, as (chosen, rejected) indices into a prompt's texts.

use super::prompts::{Obstacle, Prompt};
use super::{PairOptions, PairStrategy, PairingReport};
use crate::{Error, Result};
use align_base::random::generator;
use rand::RngExt;

/// Most pairs in total. The texts of more pairs would not fit in memory.
pub(crate) const MAX_PAIRS: usize = 20_000_000;

/// How often a random draw is repeated if the two rows cannot form a pair. After that the pair counts as missing.
const MAX_DRAWS: usize = 10_000;

type Pairs = Vec<(usize, usize)>;

/// Draws the pairs of a prompt. At least one pair must be possible.
pub(super) fn draw(
    prompt: &Prompt<'_>,
    index: usize,
    options: &PairOptions,
    remaining: usize,
    report: &mut PairingReport,
) -> Result<Pairs> {
    let pairs_wanted = options.pairs_wanted();
    if pairs_wanted.is_some_and(|pairs_wanted| pairs_wanted > remaining) {
        return Err(too_many_pairs());
    }
    let pairs = match options.strategy {
        PairStrategy::Random => random(prompt, index, pairs_wanted.unwrap_or(0), options.seed, report),
        PairStrategy::BestWorst => best_worst(prompt, pairs_wanted.unwrap_or(usize::MAX), report),
        PairStrategy::MarginAbove { margin } => match pairs_wanted {
            None => all_above(prompt, margin, remaining, report)?,
            Some(pairs_wanted) => sample_above(prompt, margin, pairs_wanted, index, options.seed, report),
        },
    };
    let missing = pairs_wanted.map_or(0, |pairs_wanted| pairs_wanted.saturating_sub(pairs.len()));
    report.missing_pairs = report.missing_pairs.saturating_add(missing);
    Ok(pairs)
}

fn random(prompt: &Prompt<'_>, index: usize, pairs_wanted: usize, seed: u64, report: &mut PairingReport) -> Pairs {
    let mut rng = generator(seed, "random pairs", index as u64);
    let texts = prompt.texts.len();
    let mut pairs = Vec::with_capacity(pairs_wanted);
    for _ in 0..pairs_wanted {
        for _ in 0..MAX_DRAWS {
            let first = rng.random_range(0..texts);
            // Any other row, with equal probability.
            let second = (first + rng.random_range(1..texts)) % texts;
            if can_pair(prompt, first, second, report) {
                pairs.push(prompt.chosen_first(first, second));
                break;
            }
        }
    }
    pairs
}

fn best_worst(prompt: &Prompt<'_>, pairs_wanted: usize, report: &mut PairingReport) -> Pairs {
    let mut order: Vec<usize> = (0..prompt.texts.len()).collect();
    order.sort_by(|&a, &b| prompt.texts[b].score.total_cmp(&prompt.texts[a].score));
    let mut pairs = Vec::new();
    while pairs.len() < pairs_wanted {
        let Some(worst) = order.pop() else { break };
        // The best remaining row. If its text is identical to the worst, the next one.
        let mut best = None;
        for (index, &row) in order.iter().enumerate() {
            match prompt.obstacle(row, worst) {
                None => {
                    best = Some(index);
                    break;
                }
                Some(obstacle) => {
                    count_obstacle(obstacle, report);
                    if obstacle == Obstacle::EqualScores {
                        // The rows after this one do not score higher.
                        break;
                    }
                }
            }
        }
        if let Some(index) = best {
            pairs.push((order.remove(index), worst));
        }
    }
    pairs
}

fn all_above(prompt: &Prompt<'_>, margin: f64, remaining: usize, report: &mut PairingReport) -> Result<Pairs> {
    let mut pairs = Vec::new();
    for (a, b) in index_pairs(prompt) {
        if can_pair(prompt, a, b, report) && exceeds_margin(prompt, a, b, margin) {
            if pairs.len() == remaining {
                return Err(too_many_pairs());
            }
            pairs.push(prompt.chosen_first(a, b));
        }
    }
    Ok(pairs)
}

/// Draws a uniform sample of the pairs above the margin by reservoir sampling, so that memory does not depend on their
/// number.
fn sample_above(
    prompt: &Prompt<'_>,
    margin: f64,
    pairs_wanted: usize,
    index: usize,
    seed: u64,
    report: &mut PairingReport,
) -> Pairs {
    let mut rng = generator(seed, "margin pairs", index as u64);
    let mut kept: Vec<(usize, usize)> = Vec::new();
    let mut seen = 0;
    for (a, b) in index_pairs(prompt) {
        if can_pair(prompt, a, b, report) && exceeds_margin(prompt, a, b, margin) {
            if kept.len() < pairs_wanted {
                kept.push((a, b));
            } else if let Some(slot) = kept.get_mut(rng.random_range(0..=seen)) {
                *slot = (a, b);
            }
            seen += 1;
        }
    }
    kept.sort_unstable();
    kept.into_iter().map(|(a, b)| prompt.chosen_first(a, b)).collect()
}

fn index_pairs(prompt: &Prompt<'_>) -> impl Iterator<Item = (usize, usize)> {
    let texts = prompt.texts.len();
    (0..texts).flat_map(move |a| (a + 1..texts).map(move |b| (a, b)))
}

fn exceeds_margin(prompt: &Prompt<'_>, a: usize, b: usize, margin: f64) -> bool {
    (prompt.texts[a].score - prompt.texts[b].score).abs() > margin
}

fn can_pair(prompt: &Prompt<'_>, a: usize, b: usize, report: &mut PairingReport) -> bool {
    let obstacle = prompt.obstacle(a, b);
    if let Some(obstacle) = obstacle {
        count_obstacle(obstacle, report);
    }
    obstacle.is_none()
}

fn count_obstacle(obstacle: Obstacle, report: &mut PairingReport) {
    match obstacle {
        Obstacle::EqualScores => report.tied += 1,
        Obstacle::IdenticalTexts => report.identical += 1,
    }
}

pub(crate) fn too_many_pairs() -> Error {
    Error::Option {
        option: "pairs_per_prompt",
        expected: format!("at most {MAX_PAIRS} pairs in all"),
        found: "options that make more; request fewer pairs per prompt or a larger margin".to_owned(),
    }
}
