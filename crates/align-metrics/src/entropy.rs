use crate::Result;
use crate::compensated_sum::CompensatedSum;
use crate::token_counts::TokenCounts;

/// The entropy of the distribution of tokens over all texts, in nats: `-Σ p log p` with the relative frequency `p` of each token.
///
/// It measures the diversity of a model's texts. `skip` is an id that is not counted, such as the end-of-text token.
///
/// It is biased downwards for small samples, which miss rare tokens. Compare models on samples of equal size
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

/// [`token_entropy`] with the bias correction of Miller and Madow (1955), in nats: adds `(K - 1) / 2N` for `K` distinct tokens among `N`.
///
/// This is the first-order bias for independent tokens. The tokens of a text are not independent, and very rare tokens are not seen at
/// all, so the estimate from few texts is still too low.
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

/// The entropy `-Σ p log p` of counts, computed as `log N - Σ n log n / N`.
pub(crate) fn entropy_of(counts: &[u64]) -> f64 {
    let total = counts.iter().sum::<u64>() as f64;
    let weighted = CompensatedSum::of(counts.iter().filter(|n| **n > 1).map(|n| *n as f64 * (*n as f64).ln()));
    // With a single distinct token the result may be negative due to rounding.
    (total.ln() - weighted / total).max(0.0)
}

/// The Miller-Madow correction.
pub(crate) fn miller_madow(counts: &[u64]) -> f64 {
    let seen = counts.iter().filter(|n| **n > 0).count() as f64;
    (seen - 1.0) / (2.0 * counts.iter().sum::<u64>() as f64)
}
