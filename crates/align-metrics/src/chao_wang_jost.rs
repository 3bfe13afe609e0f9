use crate::Result;
use crate::compensated_sum::CompensatedSum;
use crate::token_counts::TokenCounts;

/// An estimate of [`token_entropy`](crate::token_entropy) in nats that accounts for tokens which do not occur in the sample. Their
/// contribution is estimated from the tokens that occur once and twice: Chao, Wang and Jost (2013), "Entropy and the species
/// accumulation curve".
///
/// `Σ n/N Σ_{k=n}^{N-1} 1/k + f₁/N (1 - A)^(1-N) (-log A - Σ_{r=1}^{N-1} (1 - A)^r / r)`, where the first sum runs over the
/// distinct tokens with `n` occurrences each among `N` tokens. `f₁` tokens occur once and `f₂` twice, and
/// `A = 2 f₂ / ((N - 1) f₁ + 2 f₂)`, or `2 / ((N - 1) (f₁ - 1) + 2)` if `f₂` is 0.
///
/// For frequencies proportional to 1 / rank, which is close to those of words, its bias is a fifth of that of
/// [`miller_madow_entropy`](crate::miller_madow_entropy) in samples with as many tokens as the vocabulary, and less than half in samples
/// a tenth of that size. It assumes independent tokens, which the tokens of a text are not, so some bias remains.
///
/// ```
/// // No token occurs only once, so the second term is 0. The first sum is 1/2 + 1/3 for both tokens.
/// let entropy = align_metrics::chao_wang_jost_entropy(&[vec![1, 2], vec![2, 1]], None)?;
/// assert!((entropy - (1.0 / 2.0 + 1.0 / 3.0)).abs() < 1e-12);
/// # Ok::<(), align_metrics::Error>(())
/// ```
///
/// # Errors
/// There are no texts, or no tokens in them.
pub fn chao_wang_jost_entropy<T: AsRef<[i64]>>(texts: &[T], skip: Option<i64>) -> Result<f64> {
    let mut counts = TokenCounts::of(texts, skip)?.sum();
    counts.sort_unstable_by(|a, b| b.cmp(a));
    let tokens: u64 = counts.iter().sum();
    let n = tokens as f64;
    let (mut k, mut reciprocals, mut seen) = (tokens, CompensatedSum::default(), CompensatedSum::default());
    for count in &counts {
        while k > *count {
            k -= 1;
            reciprocals.add(1.0 / k as f64);
        }
        seen.add(*count as f64 / n * reciprocals.value());
    }
    let times = |often: u64| counts.iter().filter(|count| **count == often).count() as f64;
    let (once, twice) = (times(1), times(2));
    let a = match (once, twice) {
        (0.0, _) => return Ok(seen.value()),
        (_, 0.0) => 2.0 / ((n - 1.0) * (once - 1.0) + 2.0),
        _ => 2.0 * twice / ((n - 1.0) * once + 2.0 * twice),
    };
    Ok(seen.value() + once / n * unseen_entropy(tokens, a))
}

/// `(1 - a)^(1-n) (-log a - Σ_{r=1}^{n-1} (1 - a)^r / r)`, which is `Σ_{k≥0} (1 - a)^(k+1) / (n + k)`.
fn unseen_entropy(tokens: u64, a: f64) -> f64 {
    let n = tokens as f64;
    if n * a <= 2.0 && a < 1.0 {
        let log = (-a).ln_1p();
        let head = CompensatedSum::of((1..tokens).map(|r| (r as f64 * log).exp() / r as f64));
        return ((1.0 - n) * log).exp() * (-a.ln() - head);
    }
    // The difference would lose all digits, and its factor would overflow. The series converges after some 40 / a terms.
    let (mut sum, mut power, mut k) = (CompensatedSum::default(), 1.0 - a, n);
    while power > f64::EPSILON {
        sum.add(power / k);
        power *= 1.0 - a;
        k += 1.0;
    }
    sum.value()
}
