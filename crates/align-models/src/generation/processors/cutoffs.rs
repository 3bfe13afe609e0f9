use super::{LogitsProcessor, keep_only};
use crate::generation::ranking::{allowed_tokens, log_sum_exp, nth_highest, top_n};

/// Keeps the tokens whose probability is at least `min_p` times the highest probability.
#[derive(Debug, Clone)]
pub struct MinP {
    /// Fraction of the highest probability.
    pub min_p: f64,
    /// Minimum number of tokens to keep.
    pub min_tokens_to_keep: usize,
}

impl LogitsProcessor for MinP {
    fn process(&self, _ids: &[i64], scores: &mut [f32]) {
        let ranked = top_n(scores, self.min_tokens_to_keep.max(1));
        let Some(&top) = ranked.first() else { return };
        let lowest = f64::from(scores[top]) + self.min_p.ln();
        mask_below(scores, lowest, &ranked);
    }
}

/// Keeps the tokens of total probability `typical_p` whose information content is closest to the entropy of the distribution: locally
/// typical sampling, arXiv:2202.00666.
#[derive(Debug, Clone)]
pub struct TypicalP {
    /// Total probability of the tokens to keep.
    pub typical_p: f64,
    /// Minimum number of tokens to keep.
    pub min_tokens_to_keep: usize,
}

impl LogitsProcessor for TypicalP {
    fn process(&self, _ids: &[i64], scores: &mut [f32]) {
        let total = log_sum_exp(scores);
        let entropy = entropy(scores, total);
        let mut by_distance: Vec<(f64, usize)> =
            allowed_tokens(scores).into_iter().map(|i| ((total - f64::from(scores[i]) - entropy).abs(), i)).collect();
        let Some((kept, farthest)) = self.find_cutoff(&mut by_distance, scores, total) else {
            return;
        };
        // The first `kept` are sorted. Tokens with the same distance as the last of them are kept too.
        let kept: Vec<usize> = by_distance
            .iter()
            .enumerate()
            .filter(|(rank, (distance, _))| *rank < kept || *distance <= farthest)
            .map(|(_, (_, i))| *i)
            .collect();
        keep_only(scores, &kept);
    }
}

impl TypicalP {
    /// Sorts the closest tokens to the front until they reach the total probability. Returns the minimum number of tokens to keep and the
    /// largest distance of a kept token; `None` if all tokens together do not reach the total probability.
    fn find_cutoff(&self, by_distance: &mut [(f64, usize)], scores: &[f32], total: f64) -> Option<(usize, f64)> {
        let by_distance_and_index = |a: &(f64, usize), b: &(f64, usize)| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1));
        let (mut mass, mut ordered) = (0.0, 0);
        // Usually a few tokens suffice: sort a few, and more only if necessary.
        let mut size = self.min_tokens_to_keep.max(256);
        while let rest @ [_, ..] = by_distance.get_mut(ordered..)? {
            if size < rest.len() {
                rest.select_nth_unstable_by(size, by_distance_and_index);
            }
            let end = size.min(rest.len());
            let part = rest.get_mut(..end)?;
            part.sort_unstable_by(by_distance_and_index);
            for (distance, i) in part {
                mass += (f64::from(*scores.get(*i)?) - total).exp();
                if mass >= self.typical_p {
                    return Some((self.min_tokens_to_keep.min(ordered + end), *distance));
                }
            }
            (ordered, size) = (ordered + end, size * 4);
        }
        None
    }
}

/// Keeps the tokens with a probability of at least `epsilon_cutoff`: epsilon sampling, arXiv:2210.15191.
#[derive(Debug, Clone)]
pub struct EpsilonCutoff {
    /// Minimum probability.
    pub epsilon_cutoff: f64,
    /// Minimum number of tokens to keep.
    pub min_tokens_to_keep: usize,
}

impl LogitsProcessor for EpsilonCutoff {
    fn process(&self, _ids: &[i64], scores: &mut [f32]) {
        let lowest = log_sum_exp(scores) + self.epsilon_cutoff.ln();
        mask_unlikely(scores, lowest, self.min_tokens_to_keep);
    }
}

/// Keeps the tokens with a probability of at least `min(η, √η · exp(-entropy))`: eta sampling, arXiv:2210.15191.
#[derive(Debug, Clone)]
pub struct EtaCutoff {
    /// η in the formula.
    pub eta_cutoff: f64,
    /// Minimum number of tokens to keep.
    pub min_tokens_to_keep: usize,
}

impl LogitsProcessor for EtaCutoff {
    fn process(&self, _ids: &[i64], scores: &mut [f32]) {
        let total = log_sum_exp(scores);
        let least = self.eta_cutoff.min(self.eta_cutoff.sqrt() * (-entropy(scores, total)).exp());
        mask_unlikely(scores, total + least.ln(), self.min_tokens_to_keep);
    }
}

/// Entropy in nats of the softmax of `scores`, whose log-sum-exp is `total`.
fn entropy(scores: &[f32], total: f64) -> f64 {
    let logps = scores.iter().filter(|s| **s > f32::NEG_INFINITY).map(|s| f64::from(*s) - total);
    logps.map(|logp| -logp * logp.exp()).sum()
}

/// Excludes tokens below `lowest`, except the `keep` best.
fn mask_unlikely(scores: &mut [f32], lowest: f64, keep: usize) {
    let Some(kept_from) = nth_highest(scores, keep.max(1)) else {
        return;
    };
    for score in scores {
        if f64::from(*score) < lowest && *score < kept_from {
            *score = f32::NEG_INFINITY;
        }
    }
}

/// Excludes tokens below `lowest`, except the indices in `exempt`.
fn mask_below(scores: &mut [f32], lowest: f64, exempt: &[usize]) {
    for (i, score) in scores.iter_mut().enumerate() {
        if f64::from(*score) < lowest && !exempt.contains(&i) {
            *score = f32::NEG_INFINITY;
        }
    }
}
