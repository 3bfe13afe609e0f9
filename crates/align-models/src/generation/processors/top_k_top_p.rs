use super::{LogitsProcessor, keep_only};
use crate::generation::ranking::{log_sum_exp, nth_highest, top_n};

/// Divides the scores by the temperature: values above 1 flatten the distribution, values below 1 sharpen it.
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

/// Keeps the `top_k` highest scores, and all scores equal to the lowest of them.
#[derive(Debug, Clone)]
pub struct TopK {
    /// Number of tokens to keep.
    pub top_k: usize,
}

impl LogitsProcessor for TopK {
    fn process(&self, _ids: &[i64], scores: &mut [f32]) {
        let Some(lowest) = nth_highest(scores, self.top_k) else {
            return;
        };
        for score in scores {
            if *score < lowest {
                *score = f32::NEG_INFINITY;
            }
        }
    }
}

/// Keeps the most likely tokens whose probabilities sum to `top_p`: nucleus sampling, arXiv:1904.09751.
#[derive(Debug, Clone)]
pub struct TopP {
    /// Total probability of the tokens to keep.
    pub top_p: f64,
    /// Minimum number of tokens to keep.
    pub min_tokens_to_keep: usize,
}

impl LogitsProcessor for TopP {
    fn process(&self, _ids: &[i64], scores: &mut [f32]) {
        let total = log_sum_exp(scores);
        // The nucleus is usually small: rank a few tokens, and more only if necessary.
        let mut ranked = self.min_tokens_to_keep.max(64);
        loop {
            let candidates = top_n(scores, ranked);
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
