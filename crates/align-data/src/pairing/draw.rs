//! The rows that each strategy pairs, as (chosen, rejected) places in a prompt's texts.

use super::prompts::{Obstacle, Prompt};
use super::{PairOptions, PairStrategy, PairingReport};
use crate::{Error, Result};
use align_base::random::generator;
use rand::RngExt;

/// More pairs than this are refused rather than built: their texts would not fit in memory.
pub(super) const MOST_PAIRS: usize = 20_000_000;

/// How often a draw that makes no pair is drawn again before the pair is given up and counted as missing.
const MOST_DRAWS: usize = 10_000;

type Pairs = Vec<(usize, usize)>;

/// Draws the pairs of a prompt of which at least one pair can be made.
pub(super) fn draw(
    prompt: &Prompt<'_>,
    index: usize,
    options: &PairOptions,
    room: usize,
    report: &mut PairingReport,
) -> Result<Pairs> {
    let wanted = options.wanted();
    if wanted.is_some_and(|wanted| wanted > room) {
        return Err(too_many());
    }
    let pairs = match options.strategy {
        PairStrategy::Random => random(prompt, index, wanted.unwrap_or(0), options.seed, report),
        PairStrategy::BestWorst => best_worst(prompt, wanted.unwrap_or(usize::MAX), report),
        PairStrategy::MarginAbove { margin } => match wanted {
            None => all_above(prompt, margin, room, report)?,
            Some(wanted) => some_above(prompt, margin, wanted, index, options.seed, report),
        },
    };
    report.missing_pairs += wanted.map_or(0, |wanted| wanted.saturating_sub(pairs.len()));
    Ok(pairs)
}

fn random(prompt: &Prompt<'_>, index: usize, wanted: usize, seed: u64, report: &mut PairingReport) -> Pairs {
    let mut rng = generator(seed, "random pairs", index as u64);
    let texts = prompt.texts.len();
    let mut pairs = Vec::with_capacity(wanted);
    for _ in 0..wanted {
        for _ in 0..MOST_DRAWS {
            let first = rng.random_range(0..texts);
            // Any row but the first, all equally likely.
            let second = (first + rng.random_range(1..texts)) % texts;
            if makes_pair(prompt, first, second, report) {
                pairs.push(prompt.in_order(first, second));
                break;
            }
        }
    }
    pairs
}

fn best_worst(prompt: &Prompt<'_>, wanted: usize, report: &mut PairingReport) -> Pairs {
    let mut order: Vec<usize> = (0..prompt.texts.len()).collect();
    order.sort_by(|&a, &b| prompt.texts[b].score.total_cmp(&prompt.texts[a].score));
    let mut pairs = Vec::new();
    while pairs.len() < wanted {
        let Some(worst) = order.pop() else { break };
        // The best row left, or the next one where a text was scored twice and would meet itself.
        let mut best = None;
        for (place, &row) in order.iter().enumerate() {
            match prompt.obstacle(row, worst) {
                None => {
                    best = Some(place);
                    break;
                }
                Some(obstacle) => {
                    count(obstacle, report);
                    if obstacle == Obstacle::EqualScores {
                        // No row after this one is better.
                        break;
                    }
                }
            }
        }
        if let Some(place) = best {
            pairs.push((order.remove(place), worst));
        }
    }
    pairs
}

fn all_above(prompt: &Prompt<'_>, margin: f64, room: usize, report: &mut PairingReport) -> Result<Pairs> {
    let mut pairs = Vec::new();
    for (a, b) in places(prompt) {
        if makes_pair(prompt, a, b, report) && above(prompt, a, b, margin) {
            if pairs.len() == room {
                return Err(too_many());
            }
            pairs.push(prompt.in_order(a, b));
        }
    }
    Ok(pairs)
}

/// A uniform choice among the pairs above the margin, kept while they go by, so that their number does not matter.
fn some_above(
    prompt: &Prompt<'_>,
    margin: f64,
    wanted: usize,
    index: usize,
    seed: u64,
    report: &mut PairingReport,
) -> Pairs {
    let mut rng = generator(seed, "margin pairs", index as u64);
    let mut kept: Vec<(usize, usize)> = Vec::new();
    let mut seen = 0;
    for (a, b) in places(prompt) {
        if makes_pair(prompt, a, b, report) && above(prompt, a, b, margin) {
            if kept.len() < wanted {
                kept.push((a, b));
            } else if let Some(slot) = kept.get_mut(rng.random_range(0..=seen)) {
                *slot = (a, b);
            }
            seen += 1;
        }
    }
    kept.sort_unstable();
    kept.into_iter().map(|(a, b)| prompt.in_order(a, b)).collect()
}

fn places(prompt: &Prompt<'_>) -> impl Iterator<Item = (usize, usize)> {
    let texts = prompt.texts.len();
    (0..texts).flat_map(move |a| (a + 1..texts).map(move |b| (a, b)))
}

fn above(prompt: &Prompt<'_>, a: usize, b: usize, margin: f64) -> bool {
    (prompt.texts[a].score - prompt.texts[b].score).abs() > margin
}

fn makes_pair(prompt: &Prompt<'_>, a: usize, b: usize, report: &mut PairingReport) -> bool {
    let obstacle = prompt.obstacle(a, b);
    if let Some(obstacle) = obstacle {
        count(obstacle, report);
    }
    obstacle.is_none()
}

fn count(obstacle: Obstacle, report: &mut PairingReport) {
    match obstacle {
        Obstacle::EqualScores => report.tied += 1,
        Obstacle::IdenticalTexts => report.identical += 1,
    }
}

fn too_many() -> Error {
    Error::Option {
        option: "pairs_per_prompt",
        expected: format!("at most {MOST_PAIRS} pairs in all"),
        found: "options that make more; ask for fewer pairs a prompt, or a larger margin".to_owned(),
    }
}
