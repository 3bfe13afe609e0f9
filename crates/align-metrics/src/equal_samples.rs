use crate::sum::Sum;
use crate::{Bootstrap, Error, Estimate, Result, token_entropy};
use align_base::random::generator;
use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};

/// The sample that every model is cut down to before entropies are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EqualSamples {
    /// Number of texts: that of the smallest set.
    pub texts: usize,
    /// First tokens of each text: no more than the shortest model's limit.
    pub tokens: usize,
}

/// The mean [`token_entropy`](crate::token_entropy) of samples of one size, in nats, and the interval that the samples'
/// entropies cover.
///
/// A model with more or longer texts has the higher entropy for that reason alone. Cut every text to its first
/// `sample.tokens` tokens, draw `sample.texts` texts without replacement, as often as `draws.resamples` says, and the
/// models' means can be compared. The interval is of single samples, and so has no width where all texts are needed.
///
/// ```
/// use align_metrics::{equal_samples_entropy, Bootstrap, EqualSamples};
/// let (few, many) = (vec![vec![1i64, 2]; 2], vec![vec![1i64, 2, 3, 4]; 50]);
/// let sample = EqualSamples { texts: 2, tokens: 2 };
/// let entropy = |texts: &[Vec<i64>]| equal_samples_entropy(texts, None, sample, &Bootstrap::default());
/// assert_eq!(entropy(&few)?.value, entropy(&many)?.value);
/// # Ok::<(), align_metrics::Error>(())
/// ```
///
/// # Errors
/// Fewer texts than the sample takes, an empty sample, none with a token, or an option outside its range.
pub fn equal_samples_entropy<T: AsRef<[i64]>>(
    texts: &[T],
    skip: Option<i64>,
    sample: EqualSamples,
    draws: &Bootstrap,
) -> Result<Estimate> {
    equal_samples(texts, skip, sample, draws, |texts| token_entropy(texts, None))
}

/// The same for another number than the entropy, such as [`chao_wang_jost_entropy`](crate::chao_wang_jost_entropy): what
/// `statistic` says of the texts of each sample. It is 0 for a sample of empty texts alone.
///
/// ```
/// use align_metrics::{equal_samples, miller_madow_entropy, Bootstrap, EqualSamples};
/// let sample = EqualSamples { texts: 2, tokens: 2 };
/// let found = equal_samples(&[[1i64, 2, 3]; 9], None, sample, &Bootstrap::default(), |texts| {
///     miller_madow_entropy(texts, None)
/// })?;
/// // Two tokens, twice each, among four: log 2 and (2 - 1) / (2 · 4).
/// assert!((found.value - (2f64.ln() + 1.0 / 8.0)).abs() < 1e-12);
/// # Ok::<(), align_metrics::Error>(())
/// ```
///
/// # Errors
/// As [`equal_samples_entropy`], and what `statistic` answers.
pub fn equal_samples<T: AsRef<[i64]>>(
    texts: &[T],
    skip: Option<i64>,
    sample: EqualSamples,
    draws: &Bootstrap,
    mut statistic: impl FnMut(&[&[i64]]) -> Result<f64>,
) -> Result<Estimate> {
    draws.validate()?;
    if sample.texts == 0 || sample.texts > texts.len() {
        let expected = format!("from 1 to the {} texts that there are", texts.len());
        return Err(Error::Option { option: "sample.texts", expected, found: sample.texts.to_string() });
    }
    if sample.tokens == 0 {
        return Err(Error::Option { option: "sample.tokens", expected: "at least 1".into(), found: "0".into() });
    }
    let cut: Vec<Vec<i64>> = texts
        .iter()
        .map(|text| text.as_ref().iter().copied().filter(|id| Some(*id) != skip).take(sample.tokens).collect())
        .collect();
    // No text has a token: that is an error of the texts, not of a sample.
    if cut.iter().all(Vec::is_empty) {
        return statistic(&[]).map(|value| Estimate { value, interval: draws.percentiles(vec![value]) });
    }
    // One and the same sample where all texts are taken.
    let different = if sample.texts == texts.len() { 1 } else { draws.resamples };
    let mut values = Vec::with_capacity(different);
    for draw in 0..different as u64 {
        let mut taken = vec![false; texts.len()];
        taken.iter_mut().take(sample.texts).for_each(|is_taken| *is_taken = true);
        taken.shuffle(&mut generator(draws.seed, "equal samples", draw));
        let drawn: Vec<&[i64]> = cut.iter().zip(&taken).filter(|(_, t)| **t).map(|(text, _)| text.as_slice()).collect();
        // A sample of empty texts alone has one outcome: nothing.
        values.push(if drawn.iter().all(|text| text.is_empty()) { 0.0 } else { statistic(&drawn)? });
    }
    if let [only] = values[..] {
        values.resize(draws.resamples, only);
    }
    let value = Sum::of(values.iter().copied()) / values.len() as f64;
    Ok(Estimate { value, interval: draws.percentiles(values) })
}
