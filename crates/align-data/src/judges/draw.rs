//! Selects the pairs of each strategy among those that are possible, as (chosen, rejected) indices into a prompt's texts.

use crate::Result;
use crate::pairing::{PairOptions, PairStrategy, too_many_pairs};
use align_base::random::generator;
use rand::RngExt;
use std::collections::HashSet;

type Pairs = Vec<(usize, usize)>;

/// Draws pairs out of the `possible` ones of the prompt with this index, at most `remaining`. `order` has its texts, best first.
pub(super) fn draw(
    possible: &[(usize, usize)],
    order: &[usize],
    index: usize,
    options: &PairOptions,
    remaining: usize,
) -> Result<Pairs> {
    if possible.is_empty() {
        return Ok(Pairs::new());
    }
    let wanted = options.pairs_wanted().unwrap_or(usize::MAX);
    let drawn = match options.strategy {
        // These may be more than the possible ones.
        PairStrategy::Random if wanted > remaining => return Err(too_many_pairs()),
        PairStrategy::Random => random(possible, wanted, index, options.seed),
        PairStrategy::BestWorst => best_worst(possible, order, wanted),
        PairStrategy::MarginAbove { .. } => sample(possible, wanted, index, options.seed),
    };
    if drawn.len() > remaining { Err(too_many_pairs()) } else { Ok(drawn) }
}

/// Independent draws, which may repeat pairs.
fn random(possible: &[(usize, usize)], wanted: usize, index: usize, seed: u64) -> Pairs {
    let mut rng = generator(seed, "judged random", index as u64);
    (0..wanted).filter_map(|_| possible.get(rng.random_range(0..possible.len()))).copied().collect()
}

/// Pairs the worst text with the best one, the second worst with the second best, and so on, where that is possible.
fn best_worst(possible: &[(usize, usize)], order: &[usize], wanted: usize) -> Pairs {
    let possible: HashSet<&(usize, usize)> = possible.iter().collect();
    let mut rest = order.to_vec();
    let mut pairs = Pairs::new();
    while pairs.len() < wanted {
        let Some(worst) = rest.pop() else { break };
        if let Some(at) = rest.iter().position(|best| possible.contains(&(*best, worst))) {
            pairs.push((rest.remove(at), worst));
        }
    }
    pairs
}

/// A uniform sample, in the order of the pairs.
fn sample(possible: &[(usize, usize)], wanted: usize, index: usize, seed: u64) -> Pairs {
    if possible.len() <= wanted {
        return possible.to_vec();
    }
    let mut rng = generator(seed, "judged pairs", index as u64);
    let mut places: Vec<usize> = (0..wanted).collect();
    for seen in wanted..possible.len() {
        if let Some(slot) = places.get_mut(rng.random_range(0..=seen)) {
            *slot = seen;
        }
    }
    places.sort_unstable();
    places.iter().filter_map(|at| possible.get(*at)).copied().collect()
}
