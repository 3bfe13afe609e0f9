use crate::Result;
use crate::sum::Sum;
use crate::token_counts::TokenCounts;

/// [`token_entropy`](crate::token_entropy) with the part of the tokens that a sample misses estimated from those that it has
/// once and twice, in nats: Chao, Wang and Jost (2013), "Entropy and the species accumulation curve".
///
/// `Σ n/N Σ_{k=n}^{N-1} 1/k + f₁/N (1 - A)^(1-N) (-log A - Σ_{r=1}^{N-1} (1 - A)^r / r)`, where the first sum runs over the
/// distinct tokens, `n` of each among `N`. `f₁` of them stand in the sample once and `f₂` twice, and
/// `A = 2 f₂ / ((N - 1) f₁ + 2 f₂)`, or `2 / ((N - 1) (f₁ - 1) + 2)` where `f₂` is 0.
///
/// Where frequencies fall as 1 / rank, nearly as those of words do, it leaves a fifth of the bias of
/// [`miller_madow_entropy`](crate::miller_madow_entropy) in samples of as many tokens as there are words, and under half in
/// samples of a tenth. It assumes independent draws, which the tokens of a text are not, so a bias is left there too.
///
/// ```
/// // No token stands once, so none is missed: the first sum is all there is, with 1/2 + 1/3 for either token.
/// let entropy = align_metrics::chao_wang_jost_entropy(&[vec![1, 2], vec![2, 1]], None)?;
/// assert!((entropy - (1.0 / 2.0 + 1.0 / 3.0)).abs() < 1e-12);
/// # Ok::<(), align_metrics::Error>(())
/// ```
///
/// # Errors
/// No texts, or none with a token.
pub fn chao_wang_jost_entropy<T: AsRef<[i64]>>(texts: &[T], skip: Option<i64>) -> Result<f64> {
    let mut counts = TokenCounts::of(texts, skip)?.sum();
    counts.sort_unstable_by(|a, b| b.cmp(a));
    let tokens: u64 = counts.iter().sum();
    let n = tokens as f64;
    let (mut k, mut reciprocals, mut seen) = (tokens, Sum::default(), Sum::default());
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
    Ok(seen.value() + once / n * unseen(tokens, a))
}

/// `(1 - a)^(1-n) (-log a - Σ_{r=1}^{n-1} (1 - a)^r / r)`, which is `Σ_{k≥0} (1 - a)^(k+1) / (n + k)`.
fn unseen(tokens: u64, a: f64) -> f64 {
    let n = tokens as f64;
    if n * a <= 2.0 && a < 1.0 {
        let log = (-a).ln_1p();
        let head = Sum::of((1..tokens).map(|r| (r as f64 * log).exp() / r as f64));
        return ((1.0 - n) * log).exp() * (-a.ln() - head);
    }
    // The difference would have no digits left, its factor no exponent. The series is over after some 40 / a terms.
    let (mut sum, mut power, mut k) = (Sum::default(), 1.0 - a, n);
    while power > f64::EPSILON {
        sum.add(power / k);
        power *= 1.0 - a;
        k += 1.0;
    }
    sum.value()
}
