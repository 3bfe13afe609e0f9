use crate::Result;
use crate::compensated_sum::CompensatedSum;
use crate::token_counts::{TextCounts, TokenCounts};

/// The entropy that the f-DPO notebook computes, in nats. It has its own name because it is not the entropy of the token distribution
/// ([`token_entropy`](crate::token_entropy) is).
///
/// The notebook divides its running counts by the running number of tokens after *every* text. So the counts of a text are divided once
/// for each later text, by increasing numbers. After normalisation the result is nearly the distribution of the last text alone. It
/// depends on the order of the texts, and on the length of a text far more than on the model.
///
/// ```
/// // The first text's counts are divided by 2 and by 6, the second's by 6: 1/12, 1/12, 4/6 before normalising.
/// let entropy = align_metrics::notebook_entropy(&[vec![1, 2], vec![3, 3, 3, 3]], None)?;
/// let expected = -(2.0 / 10.0 * f64::ln(1.0 / 10.0) + 0.8 * f64::ln(0.8));
/// assert!((entropy - expected).abs() < 1e-12);
/// # Ok::<(), align_metrics::Error>(())
/// ```
///
/// # Errors
/// There are no texts, or no tokens in them.
pub fn notebook_entropy<T: AsRef<[i64]>>(texts: &[T], skip: Option<i64>) -> Result<f64> {
    let counts = TokenCounts::of(texts, skip)?;
    let order: Vec<&TextCounts> = counts.texts.iter().collect();
    Ok(notebook_entropy_of(&order, &mut vec![0.0; counts.distinct]))
}

/// Tokens with a weight below this, relative to those of the last text, do not affect the sum.
const NEGLIGIBLE: f64 = 1e-40;

/// The notebook's entropy of texts in this order. `weights` must contain a zero for each distinct token, and is reset afterwards.
///
/// The counts of a text are divided by the running totals after it and after every later text. Relative to the last text, they are
/// divided by the running totals from the text itself to the one before the last. So it suffices to go back from the end until the
/// weights are negligible.
pub(crate) fn notebook_entropy_of(texts: &[&TextCounts], weights: &mut [f64]) -> f64 {
    let mut running: u64 = texts.iter().map(|text| text.tokens).sum();
    let mut weight = 1.0;
    let mut touched = Vec::new();
    for text in texts.iter().rev() {
        for (token, count) in &text.counts {
            if let Some(slot) = weights.get_mut(*token as usize) {
                *slot += f64::from(*count) * weight;
                touched.push(*token as usize);
            }
        }
        running -= text.tokens;
        if running == 0 {
            break;
        }
        weight /= running as f64;
        if weight * (running as f64) < NEGLIGIBLE {
            break;
        }
    }
    touched.sort_unstable();
    touched.dedup();
    let mut taken =
        touched.into_iter().filter_map(|token| weights.get_mut(token).map(std::mem::take)).collect::<Vec<f64>>();
    let total = CompensatedSum::of(taken.iter().copied());
    taken.iter_mut().for_each(|weight| *weight /= total);
    CompensatedSum::of(taken.iter().filter(|p| **p > 0.0).map(|p| -p * p.ln())).max(0.0)
}
