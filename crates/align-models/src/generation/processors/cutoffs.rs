use super::{LogitsProcessor, keep_only};
use crate::generation::ranking::{best, log_sum_exp, nth_best, survivors};

/// Keeps the tokens at least `min_p` times as likely as the likeliest.
#[derive(Debug, Clone)]
pub struct MinP {
    /// Share of the highest probability.
    pub min_p: f64,
    /// So many tokens stay in any case.
    pub min_tokens_to_keep: usize,
}

impl LogitsProcessor for MinP {
    fn process(&self, _ids: &[i64], scores: &mut [f32]) {
        let ranked = best(scores, self.min_tokens_to_keep.max(1));
        let Some(&top) = ranked.first() else { return };
        let lowest = f64::from(scores[top]) + self.min_p.ln();
        rule_out_below(scores, lowest, &ranked);
    }
}

/// Keeps the tokens of total probability `typical_p` whose surprise is nearest to the distribution's entropy:
/// locally typical sampling, arXiv:2202.00666.
#[derive(Debug, Clone)]
pub struct TypicalP {
    /// Probability that the kept tokens reach together.
    pub typical_p: f64,
    /// So many tokens stay in any case.
    pub min_tokens_to_keep: usize,
}

impl LogitsProcessor for TypicalP {
    fn process(&self, _ids: &[i64], scores: &mut [f32]) {
        let total = log_sum_exp(scores);
        let entropy = entropy(scores, total);
        let mut by_distance: Vec<(f64, usize)> =
            survivors(scores).into_iter().map(|i| ((total - f64::from(scores[i]) - entropy).abs(), i)).collect();
        let Some((kept, farthest)) = self.reached(&mut by_distance, scores, total) else {
            return;
        };
        // The first `kept` stand in order; what is as far as the last of them stays too.
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
    /// Brings the nearest tokens to the front, in order, until they reach the probability. How many stay in any case, and
    /// the distance that is reached; `None` where all of them do not reach it.
    fn reached(&self, by_distance: &mut [(f64, usize)], scores: &[f32], total: f64) -> Option<(usize, f64)> {
        let nearer = |a: &(f64, usize), b: &(f64, usize)| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1));
        let (mut mass, mut ordered) = (0.0, 0);
        // Mostly few tokens suffice: order a few, and more only where they do not.
        let mut size = self.min_tokens_to_keep.max(256);
        while let rest @ [_, ..] = by_distance.get_mut(ordered..)? {
            if size < rest.len() {
                rest.select_nth_unstable_by(size, nearer);
            }
            let end = size.min(rest.len());
            let part = rest.get_mut(..end)?;
            part.sort_unstable_by(nearer);
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

/// Keeps the tokens at least `epsilon_cutoff` likely: epsilon sampling, arXiv:2210.15191.
#[derive(Debug, Clone)]
pub struct EpsilonCutoff {
    /// Least probability.
    pub epsilon_cutoff: f64,
    /// So many tokens stay in any case.
    pub min_tokens_to_keep: usize,
}

impl LogitsProcessor for EpsilonCutoff {
    fn process(&self, _ids: &[i64], scores: &mut [f32]) {
        let lowest = log_sum_exp(scores) + self.epsilon_cutoff.ln();
        rule_out_unlikely(scores, lowest, self.min_tokens_to_keep);
    }
}

/// Keeps the tokens at least `min(η, √η · exp(-entropy))` likely: eta sampling, arXiv:2210.15191.
#[derive(Debug, Clone)]
pub struct EtaCutoff {
    /// The η of the formula.
    pub eta_cutoff: f64,
    /// So many tokens stay in any case.
    pub min_tokens_to_keep: usize,
}

impl LogitsProcessor for EtaCutoff {
    fn process(&self, _ids: &[i64], scores: &mut [f32]) {
        let total = log_sum_exp(scores);
        let least = self.eta_cutoff.min(self.eta_cutoff.sqrt() * (-entropy(scores, total)).exp());
        rule_out_unlikely(scores, total + least.ln(), self.min_tokens_to_keep);
    }
}

/// Entropy in nats of the softmax of `scores`, whose log-sum-exp is `total`.
fn entropy(scores: &[f32], total: f64) -> f64 {
    let logps = scores.iter().filter(|s| **s > f32::NEG_INFINITY).map(|s| f64::from(*s) - total);
    logps.map(|logp| -logp * logp.exp()).sum()
}

/// Rules out what is both below `lowest` and below the `keep` best.
fn rule_out_unlikely(scores: &mut [f32], lowest: f64, keep: usize) {
    let Some(spared) = nth_best(scores, keep.max(1)) else {
        return;
    };
    for score in scores {
        if f64::from(*score) < lowest && *score < spared {
            *score = f32::NEG_INFINITY;
        }
    }
}

/// Rules out what is below `lowest`, except `spared`.
fn rule_out_below(scores: &mut [f32], lowest: f64, spared: &[usize]) {
    for (i, score) in scores.iter_mut().enumerate() {
        if f64::from(*score) < lowest && !spared.contains(&i) {
            *score = f32::NEG_INFINITY;
        }
    }
}
