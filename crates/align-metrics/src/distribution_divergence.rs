//! Divergences of two distributions over the same outcomes, such as the next token.

use crate::checks::check_same_length;
use crate::{Error, Result};
use std::f64::consts::LN_2;

/// Maximum difference of the sum of probabilities from 1, as the rounding of float32 leaves it.
const ROUNDING: f64 = 1e-4;

/// The Kullback-Leibler divergence `KL(p‖q) = Σ p log(p / q)` in nats: Kullback and Leibler (1951). At least 0, and infinite if an outcome
/// has probability 0 under `q` only.
///
/// ```
/// let kl = align_metrics::kl_divergence(&[1.0, 0.0], &[0.5, 0.5])?;
/// assert!((kl - 2.0f64.ln()).abs() < 1e-12);
/// # Ok::<(), align_metrics::Error>(())
/// ```
///
/// # Errors
/// Lists of different lengths, a negative probability, or probabilities that do not sum to 1.
pub fn kl_divergence(p: &[f64], q: &[f64]) -> Result<f64> {
    check(p, q)?;
    Ok(p.iter().zip(q).map(|(p, q)| relative_entropy(*p, *q)).sum::<f64>().max(0.0))
}

/// The Jensen-Shannon divergence `(KL(p‖m) + KL(q‖m)) / 2` with `m = (p + q) / 2`, in nats: Lin (1991). Between 0 and ln 2, and
/// symmetric. Its square root is a metric.
///
/// ```
/// let far = align_metrics::jensen_shannon_divergence(&[1.0, 0.0], &[0.0, 1.0])?;
/// assert!((far - 2.0f64.ln()).abs() < 1e-12);
/// # Ok::<(), align_metrics::Error>(())
/// ```
///
/// # Errors
/// Those of [`kl_divergence`].
pub fn jensen_shannon_divergence(p: &[f64], q: &[f64]) -> Result<f64> {
    check(p, q)?;
    let of_outcome = |(p, q): (&f64, &f64)| {
        let middle = (p + q) / 2.0;
        (relative_entropy(*p, middle) + relative_entropy(*q, middle)) / 2.0
    };
    Ok(p.iter().zip(q).map(of_outcome).sum::<f64>().clamp(0.0, LN_2))
}

/// The total variation distance `Σ |p - q| / 2`: the largest difference of the probabilities of any event, between 0 and 1. By Pinsker's
/// inequality it is at most `√(KL(p‖q) / 2)`.
///
/// ```
/// assert_eq!(align_metrics::total_variation_distance(&[0.5, 0.5, 0.0], &[0.25, 0.25, 0.5])?, 0.5);
/// # Ok::<(), align_metrics::Error>(())
/// ```
///
/// # Errors
/// Those of [`kl_divergence`].
pub fn total_variation_distance(p: &[f64], q: &[f64]) -> Result<f64> {
    check(p, q)?;
    Ok((p.iter().zip(q).map(|(p, q)| (p - q).abs()).sum::<f64>() / 2.0).clamp(0.0, 1.0))
}

/// `p log(p / q)`, which is 0 for `p = 0`.
fn relative_entropy(p: f64, q: f64) -> f64 {
    if p > 0.0 { p * (p / q).ln() } else { 0.0 }
}

fn check(p: &[f64], q: &[f64]) -> Result<()> {
    check_same_length("probabilities of the second distribution", "first one's", p.len(), q.len())?;
    for distribution in [p, q] {
        if let Some((at, value)) = distribution.iter().enumerate().find(|(_, p)| p.is_nan() || **p < 0.0) {
            return Err(Error::Value { what: "probability", row: at + 1, value: *value, expected: "at least 0" });
        }
        let sum: f64 = distribution.iter().sum();
        if !sum.is_finite() || (sum - 1.0).abs() > ROUNDING {
            let expected = "probabilities that sum to 1".to_owned();
            return Err(Error::Option { option: "probabilities", expected, found: format!("a sum of {sum}") });
        }
    }
    Ok(())
}
