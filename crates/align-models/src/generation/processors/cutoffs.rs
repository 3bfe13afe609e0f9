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
        by_distance.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let mut mass = 0.0;
        let reached = by_distance.iter().position(|&(_, i)| {
            mass += (f64::from(scores[i]) - total).exp();
            mass >= self.typical_p
        });
        let Some(farthest) = reached.and_then(|at| by_distance.get(at)).map(|(distance, _)| *distance) else {
            return;
        };
        let kept: Vec<usize> = by_distance
            .iter()
            .enumerate()
            .filter(|(rank, (distance, _))| *rank < self.min_tokens_to_keep || *distance <= farthest)
            .map(|(_, (_, i))| *i)
            .collect();
        keep_only(scores, &kept);
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
