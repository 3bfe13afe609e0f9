//! Rankings of a row of scores. Minus infinity marks a token that is ruled out; it never ranks.

use std::cmp::Ordering;

/// Highest first; of equals the lower index.
fn descending(scores: &[f32]) -> impl Fn(&usize, &usize) -> Ordering {
    |a, b| scores[*b].total_cmp(&scores[*a]).then(a.cmp(b))
}

/// Indices of the tokens that are not ruled out, ascending. NaN counts as ruled out.
pub(super) fn survivors(scores: &[f32]) -> Vec<usize> {
    (0..scores.len()).filter(|&i| scores[i] > f32::NEG_INFINITY).collect()
}

/// Indices of the `n` highest scores, highest first; fewer where fewer tokens survive.
///
/// One pass over the row with a small buffer: what cannot be among the best is dropped by a single comparison.
pub(super) fn best(scores: &[f32], n: usize) -> Vec<usize> {
    if n == 0 {
        return Vec::new();
    }
    if n >= scores.len() / 4 {
        let mut all = survivors(scores);
        all.sort_unstable_by(descending(scores));
        all.truncate(n);
        return all;
    }
    let room = (2 * n).max(64);
    let mut kept = Vec::with_capacity(room);
    let mut bar = f32::NEG_INFINITY;
    for (i, &score) in scores.iter().enumerate() {
        if score > bar {
            kept.push(i);
            if kept.len() == room {
                kept.select_nth_unstable_by(n - 1, descending(scores));
                kept.truncate(n);
                bar = scores[kept[n - 1]];
            }
        }
    }
    kept.sort_unstable_by(descending(scores));
    kept.truncate(n);
    kept
}

/// The `n`-th highest score, or the lowest surviving one where fewer survive.
pub(super) fn nth_best(scores: &[f32], n: usize) -> Option<f32> {
    best(scores, n).last().map(|&i| scores[i])
}

/// Logarithm of the sum of the exponentials, in double precision.
pub(super) fn log_sum_exp(scores: &[f32]) -> f64 {
    let max = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    if max == f32::NEG_INFINITY {
        return f64::NEG_INFINITY;
    }
    // Ruled-out tokens are skipped for speed: their exponential is zero.
    let sum: f64 = scores.iter().filter(|s| **s > f32::NEG_INFINITY).map(|s| f64::from(s - max).exp()).sum();
    f64::from(max) + sum.ln()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generation::draws::{DrawKey, Draws};

    #[test]
    fn best_is_what_a_full_sort_finds() {
        let mut draws = Draws::new(DrawKey { seed: 1, sequence: 0, text: 0 }, 0);
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
            assert_eq!(best(&scores, n), expected, "{n}");
        }
    }

    #[test]
    fn nothing_ranks_where_nothing_survives() {
        assert!(best(&[f32::NEG_INFINITY, f32::NAN], 1).is_empty());
        assert_eq!(nth_best(&[], 3), None);
        assert_eq!(log_sum_exp(&[f32::NEG_INFINITY]), f64::NEG_INFINITY);
    }
}
