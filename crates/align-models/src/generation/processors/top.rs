use super::{LogitsProcessor, keep_only};
use crate::generation::ranking::{best, log_sum_exp, nth_best};

/// Divides the scores: above 1 flattens the distribution, below 1 sharpens it.
#[derive(Debug, Clone)]
pub struct Temperature {
    /// The divisor.
    pub temperature: f32,
}

impl LogitsProcessor for Temperature {
    fn process(&self, _ids: &[i64], scores: &mut [f32]) {
        for score in scores {
            *score /= self.temperature;
        }
    }
}

/// Keeps the `top_k` highest scores, and all that equal the lowest of them.
#[derive(Debug, Clone)]
pub struct TopK {
    /// How many stay.
    pub top_k: usize,
}

impl LogitsProcessor for TopK {
    fn process(&self, _ids: &[i64], scores: &mut [f32]) {
        let Some(lowest) = nth_best(scores, self.top_k) else {
            return;
        };
        for score in scores {
            if *score < lowest {
                *score = f32::NEG_INFINITY;
            }
        }
    }
}

/// Keeps the likeliest tokens, until their probabilities sum to `top_p`: the nucleus of arXiv:1904.09751.
#[derive(Debug, Clone)]
pub struct TopP {
    /// Probability that the kept tokens reach together.
    pub top_p: f64,
    /// So many tokens stay in any case.
    pub min_tokens_to_keep: usize,
}

impl LogitsProcessor for TopP {
    fn process(&self, _ids: &[i64], scores: &mut [f32]) {
        let total = log_sum_exp(scores);
        // The nucleus is mostly small: rank a few tokens, and more only where they do not suffice.
        let mut ranked = self.min_tokens_to_keep.max(64);
        loop {
            let candidates = best(scores, ranked);
            let mut before = 0.0;
            let nucleus = candidates.iter().enumerate().position(|(rank, &i)| {
                let ends = before >= self.top_p && rank >= self.min_tokens_to_keep;
                before += (f64::from(scores[i]) - total).exp();
                ends
            });
            match nucleus {
                Some(size) => return keep_only(scores, &candidates[..size]),
                None if candidates.len() < ranked || ranked >= scores.len() => return,
                None => ranked *= 8,
            }
        }
    }
}
