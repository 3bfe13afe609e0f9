use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::f64::consts::LN_2;

/// The key of the random numbers of one text.
#[derive(Debug, Clone, Copy)]
pub(super) struct DrawKey {
    pub seed: u64,
    /// The index of the prompt.
    pub prompt: u64,
    /// The index of the text among those of the prompt.
    pub text: u64,
}

/// The random numbers (draws) of one step. Each is a function of the key, the step and an index.
pub(super) struct Draws {
    rng: ChaCha8Rng,
    next: u64,
}

/// Up to this distance it is faster to draw and discard numbers than to seek.
const MAX_SKIP: u64 = 32;

impl Draws {
    pub fn new(key: DrawKey, step: usize) -> Self {
        let mut bytes = [0; 32];
        for (part, word) in bytes.chunks_exact_mut(8).zip([key.seed, key.prompt, key.text, 0]) {
            part.copy_from_slice(&word.to_le_bytes());
        }
        if let Some(purpose) = bytes.last_chunk_mut::<8>() {
            *purpose = *b"generate";
        }
        let mut rng = ChaCha8Rng::from_seed(bytes);
        rng.set_stream(step as u64);
        Self { rng, next: 0 }
    }

    /// A sample of the standard Gumbel distribution, `-ln(-ln u)`. The token with the largest `score + gumbel` is a sample of the softmax
    /// of the scores, and the tokens with the n largest values are n samples without replacement.
    pub fn gumbel(&mut self, index: u64) -> f64 {
        gumbel(self.bits(index))
    }

    /// Samples a token from the softmax of the scores: the index with the largest `score + gumbel(index)`. `None` if every score is minus
    /// infinity or NaN.
    ///
    /// Of nearly all tokens the two logarithms are not needed. For `u` with `1 - u > 2^-k`, `-ln(-ln u) <= -ln(1 - u) < k ln 2`, and with that
    /// their score would still be below the largest one so far.
    pub fn sample(&mut self, scores: &[f32]) -> Option<usize> {
        // Larger than the error of the comparison below.
        const SLACK: f64 = 1e-9;
        let mut best: Option<(f64, usize)> = None;
        for (i, &score) in scores.iter().enumerate().filter(|(_, score)| **score > f32::NEG_INFINITY) {
            let (score, bits) = (f64::from(score), self.bits(i as u64));
            let largest = best.map_or(f64::NEG_INFINITY, |(value, _)| value);
            if score + f64::from(halvings(bits)) * LN_2 + SLACK < largest {
                continue;
            }
            let value = score + gumbel(bits);
            if value >= largest {
                best = Some((value, i));
            }
        }
        best.map(|(_, i)| i)
    }

    /// 52 random bits.
    fn bits(&mut self, index: u64) -> u64 {
        if index < self.next || index - self.next > MAX_SKIP {
            self.rng.set_word_pos(u128::from(index) * 2);
            self.next = index;
        }
        while self.next < index {
            self.rng.next_u64();
            self.next += 1;
        }
        self.next += 1;
        self.rng.next_u64() >> 12
    }
}

/// A number strictly between 0 and 1.
fn uniform(bits: u64) -> f64 {
    (bits as f64 + 0.5) / (1_u64 << 52) as f64
}

/// The smallest k for which `1 - uniform(bits) > 2^-k` follows from the leading bits.
fn halvings(bits: u64) -> u32 {
    ((1 << 52) - 1 - bits).leading_zeros() - 11
}

fn gumbel(bits: u64) -> f64 {
    -(-uniform(bits).ln()).ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: DrawKey = DrawKey { seed: 7, prompt: 3, text: 1 };

    #[test]
    fn a_draw_depends_on_its_index_and_not_on_earlier_draws() {
        let mut in_order = Draws::new(KEY, 5);
        let all: Vec<u64> = (0..500).map(|i| in_order.bits(i)).collect();
        let mut out_of_order = Draws::new(KEY, 5);
        for i in [499, 0, 1, 40, 39, 300, 333, 331, 33, 100] {
            assert_eq!(out_of_order.bits(i as u64), all[i], "index {i}");
        }
    }

    #[test]
    fn every_part_of_the_key_changes_the_draws() {
        let first = |key, step| Draws::new(key, step).bits(0);
        let draws = [
            first(KEY, 0),
            first(KEY, 1),
            first(DrawKey { seed: 8, ..KEY }, 0),
            first(DrawKey { prompt: 4, ..KEY }, 0),
            first(DrawKey { text: 0, ..KEY }, 0),
        ];
        for (i, a) in draws.iter().enumerate() {
            assert!(draws.iter().skip(i + 1).all(|b| a != b), "{draws:?}");
        }
    }

    #[test]
    fn a_sample_has_the_largest_sum_of_score_and_gumbel() {
        for step in 0..200 {
            let mut draws = Draws::new(KEY, 1000);
            let spread = [0.0, 1.0, 4.0, 30.0][step % 4];
            let mut scores: Vec<f32> = (0..2000).map(|i| (draws.gumbel(i) * spread) as f32).collect();
            scores[step] = f32::NEG_INFINITY;
            let values: Vec<f64> = scores
                .iter()
                .enumerate()
                .map(|(i, s)| f64::from(*s) + Draws::new(KEY, step).gumbel(i as u64))
                .collect();
            let expected = (0..values.len()).max_by(|a, b| values[*a].total_cmp(&values[*b]));
            assert_eq!(Draws::new(KEY, step).sample(&scores), expected, "step {step}");
        }
        assert_eq!(Draws::new(KEY, 0).sample(&[f32::NEG_INFINITY, f32::NAN]), None);
        assert_eq!(Draws::new(KEY, 0).sample(&[f32::NEG_INFINITY, f32::MIN]), Some(1));
    }

    #[test]
    fn the_bound_holds_for_the_smallest_and_largest_draws() {
        for bits in [0, 1, (1 << 51) - 1, 1 << 51, (1 << 52) - 3, (1 << 52) - 2, (1 << 52) - 1] {
            assert!(gumbel(bits) <= f64::from(halvings(bits)) * LN_2, "{bits}");
        }
    }

    #[test]
    fn gumbel_has_its_mean_and_variance() {
        let mut draws = Draws::new(KEY, 0);
        let n = 200_000;
        let xs: Vec<f64> = (0..n).map(|i| draws.gumbel(i)).collect();
        let mean = xs.iter().sum::<f64>() / n as f64;
        let variance = xs.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n as f64;
        assert!((mean - 0.577_215_664_9).abs() < 0.015, "{mean}");
        assert!((variance - std::f64::consts::PI.powi(2) / 6.0).abs() < 0.04, "{variance}");
    }
}
