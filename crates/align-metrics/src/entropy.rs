use crate::Result;
use crate::sum::Sum;
use crate::token_counts::TokenCounts;

/// The entropy of the distribution of tokens over all texts, in nats: `-Σ p log p` with `p` a token's share.
///
/// How varied a model's texts are. `skip` is an id that does not count, such as the end-of-text token.
///
/// From few tokens it comes out too low: a sample misses the rare tokens. Compare models on samples of one size
/// ([`equal_samples_entropy`](crate::equal_samples_entropy)), or correct the bias ([`miller_madow_entropy`]).
///
/// ```
/// let entropy = align_metrics::token_entropy(&[vec![1, 2], vec![3, 4, 0]], Some(0))?;
/// assert!((entropy - 4f64.ln()).abs() < 1e-12);
/// # Ok::<(), align_metrics::Error>(())
/// ```
///
/// # Errors
/// No texts, or none with a token.
pub fn token_entropy<T: AsRef<[i64]>>(texts: &[T], skip: Option<i64>) -> Result<f64> {
    Ok(entropy_of(&TokenCounts::of(texts, skip)?.sum()))
}

/// [`token_entropy`] corrected for the sample's size after Miller and Madow (1955), in nats: `(K - 1) / 2N` is added, for
/// `K` distinct tokens among `N`.
///
/// The first term of the bias of independent draws. The tokens of a text are not independent, and very rare ones go
/// unseen, so a sample of few texts stays too low: a correction, not a cure.
///
/// ```
/// let entropy = align_metrics::miller_madow_entropy(&[vec![1, 2], vec![3, 4]], None)?;
/// assert!((entropy - (4f64.ln() + 3.0 / 8.0)).abs() < 1e-12);
/// # Ok::<(), align_metrics::Error>(())
/// ```
///
/// # Errors
/// No texts, or none with a token.
pub fn miller_madow_entropy<T: AsRef<[i64]>>(texts: &[T], skip: Option<i64>) -> Result<f64> {
    let counts = TokenCounts::of(texts, skip)?.sum();
    Ok(entropy_of(&counts) + miller_madow(&counts))
}

/// `-Σ p log p` of counts, as `log N - Σ n log n / N`.
pub(crate) fn entropy_of(counts: &[u64]) -> f64 {
    let total = counts.iter().sum::<u64>() as f64;
    let weighted = Sum::of(counts.iter().filter(|n| **n > 1).map(|n| *n as f64 * (*n as f64).ln()));
    // A single distinct token may come out as a negative rounding error.
    (total.ln() - weighted / total).max(0.0)
}

/// Miller and Madow's correction.
pub(crate) fn miller_madow(counts: &[u64]) -> f64 {
    let seen = counts.iter().filter(|n| **n > 0).count() as f64;
    (seen - 1.0) / (2.0 * counts.iter().sum::<u64>() as f64)
}
