//! Ranking of scores. Tokens with a score of minus infinity or NaN are excluded, and are never ranked.

use std::cmp::Ordering;

/// Orders indices by descending score, equal scores by ascending index.
fn descending(scores: &[f32]) -> impl Fn(&usize, &usize) -> Ordering {
    |a, b| scores[*b].total_cmp(&scores[*a]).then(a.cmp(b))
}

/// Indices of the tokens that are not excluded, in ascending order.
pub(super) fn allowed_tokens(scores: &[f32]) -> Vec<usize> {
    (0..scores.len()).filter(|&i| scores[i] > f32::NEG_INFINITY).collect()
}

/// Indices of the `n` highest scores, highest first; fewer if fewer tokens are allowed.
///
/// Makes one pass over the scores with a small buffer. Most scores are discarded by a single comparison.
pub(super) fn top_n(scores: &[f32], n: usize) -> Vec<usize> {
    if n == 0 {
        return Vec::new();
    }
    if n >= scores.len() / 4 {
        let mut all = allowed_tokens(scores);
        all.sort_unstable_by(descending(scores));
        all.truncate(n);
        return all;
    }
    let room = (2 * n).max(64);
    let mut kept = Vec::with_capacity(room);
    let mut threshold = f32::NEG_INFINITY;
    for (i, &score) in scores.iter().enumerate() {
        if score > threshold {
            kept.push(i);
            if kept.len() == room {
                kept.select_nth_unstable_by(n - 1, descending(scores));
                kept.truncate(n);
                threshold = scores[kept[n - 1]];
            }
        }
    }
    kept.sort_unstable_by(descending(scores));
    kept.truncate(n);
    kept
}

/// The `n`-th highest score, or the lowest allowed one if there are fewer.
pub(super) fn nth_highest(scores: &[f32], n: usize) -> Option<f32> {
    top_n(scores, n).last().map(|&i| scores[i])
}

/// Logarithm of the sum of the exponentials, in double precision.
pub(super) fn log_sum_exp(scores: &[f32]) -> f64 {
    let max = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    if max == f32::NEG_INFINITY {
        return f64::NEG_INFINITY;
    }
    // Excluded tokens are skipped for speed: their exponential is zero.
    let sum: f64 = scores.iter().filter(|s| **s > f32::NEG_INFINITY).map(|s| f64::from(s - max).exp()).sum();
    f64::from(max) + sum.ln()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generation::draws::{DrawKey, Draws};

    #[test]
    fn top_n_equals_a_full_sort() {
        let mut draws = Draws::new(DrawKey { seed: 1, prompt: 0, text: 0 }, 0);
        let mut scores: Vec<f32> = (0..3000).map(|i| draws.gumbel(i) as f32).collect();
        for i in (0..3000).step_by(7) {
            scores[i] = f32::NEG_INFINITY;
        }
        for i in (0..3000).step_by(11) {
            scores[i] = 2.5; // ties
        }
        let mut sorted: Vec<usize> = (0..3000).filter(|&i| scores[i] > f32::NEG_INFINITY).collect();
        sorted.sort_by(|&a, &b| scores[b].partial_cmp(&scores[a]).unwrap_or(Ordering::Equal));
        for n in [1, 2, 5, 50, 400, 700, 2999, 5000] {
            let expected: Vec<usize> = sorted.iter().copied().take(n).collect();
            assert_eq!(top_n(&scores, n), expected, "{n}");
        }
    }

    #[test]
    fn excluded_tokens_are_not_ranked() {
        assert!(top_n(&[f32::NEG_INFINITY, f32::NAN], 1).is_empty());
        assert_eq!(nth_highest(&[], 3), None);
        assert_eq!(log_sum_exp(&[f32::NEG_INFINITY]), f64::NEG_INFINITY);
    }
}
