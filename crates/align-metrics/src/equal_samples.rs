use crate::compensated_sum::CompensatedSum;
use crate::{Bootstrap, Error, Estimate, Result, token_entropy};
use align_base::random::generator;
use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};

/// The size of the samples on which entropies are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EqualSamples {
    /// Number of texts: at most that of the smallest set.
    pub texts: usize,
    /// Number of tokens at the beginning of each text: at most the smallest length limit of the models.
    pub tokens: usize,
}

/// The mean [`token_entropy`](crate::token_entropy) of samples of equal size, in nats, with the percentile interval of the samples'
/// entropies.
///
/// More or longer texts have a higher entropy. To compare models, every text is truncated to `sample.tokens` tokens, and `sample.texts`
/// texts are drawn without replacement, `draws.resamples` times. The interval describes single samples, and has zero width if a sample
/// contains all texts.
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
/// Fewer texts than `sample.texts`, an empty sample, no tokens in the texts, or an option out of range.
pub fn equal_samples_entropy<T: AsRef<[i64]>>(
    texts: &[T],
    skip: Option<i64>,
    sample: EqualSamples,
    draws: &Bootstrap,
) -> Result<Estimate> {
    equal_samples(texts, skip, sample, draws, |texts| token_entropy(texts, None))
}

/// Like [`equal_samples_entropy`], for any `statistic` of the texts of a sample, such as
/// [`chao_wang_jost_entropy`](crate::chao_wang_jost_entropy). A sample that contains only empty texts has the value 0.
///
/// ```
/// use align_metrics::{equal_samples, miller_madow_entropy, Bootstrap, EqualSamples};
/// let sample = EqualSamples { texts: 2, tokens: 2 };
/// let found = equal_samples(&[[1i64, 2, 3]; 9], None, sample, &Bootstrap::default(), |texts| {
///     miller_madow_entropy(texts, None)
/// })?;
/// // Two distinct tokens among four: log 2 + (2 - 1) / (2 · 4).
/// assert!((found.value - (2f64.ln() + 1.0 / 8.0)).abs() < 1e-12);
/// # Ok::<(), align_metrics::Error>(())
/// ```
///
/// # Errors
/// The errors of [`equal_samples_entropy`] and of `statistic`.
pub fn equal_samples<T: AsRef<[i64]>>(
    texts: &[T],
    skip: Option<i64>,
    sample: EqualSamples,
    draws: &Bootstrap,
    mut statistic: impl FnMut(&[&[i64]]) -> Result<f64>,
) -> Result<Estimate> {
    draws.validate()?;
    if sample.texts == 0 || sample.texts > texts.len() {
        let expected = format!("1 to {}, the number of texts", texts.len());
        return Err(Error::Option { option: "sample.texts", expected, found: sample.texts.to_string() });
    }
    if sample.tokens == 0 {
        return Err(Error::Option { option: "sample.tokens", expected: "at least 1".into(), found: "0".into() });
    }
    let cut: Vec<Vec<i64>> = texts
        .iter()
        .map(|text| text.as_ref().iter().copied().filter(|id| Some(*id) != skip).take(sample.tokens).collect())
        .collect();
    // If no text has a token, return the error of the statistic.
    if cut.iter().all(Vec::is_empty) {
        return statistic(&[]).map(|value| Estimate { value, interval: draws.percentiles(vec![value]) });
    }
    // If a sample contains all texts, all samples are equal.
    let different = if sample.texts == texts.len() { 1 } else { draws.resamples };
    let mut values = Vec::with_capacity(different);
    for draw in 0..different as u64 {
        let mut taken = vec![false; texts.len()];
        taken.iter_mut().take(sample.texts).for_each(|is_taken| *is_taken = true);
        taken.shuffle(&mut generator(draws.seed, "equal samples", draw));
        let drawn: Vec<&[i64]> = cut.iter().zip(&taken).filter(|(_, t)| **t).map(|(text, _)| text.as_slice()).collect();
        // The statistic of only empty texts is 0.
        values.push(if drawn.iter().all(|text| text.is_empty()) { 0.0 } else { statistic(&drawn)? });
    }
    if let [only] = values[..] {
        values.resize(draws.resamples, only);
    }
    let value = CompensatedSum::of(values.iter().copied()) / values.len() as f64;
    Ok(Estimate { value, interval: draws.percentiles(values) })
}
