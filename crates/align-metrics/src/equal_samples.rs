use crate::entropy::entropy_of;
use crate::sum::Sum;
use crate::token_counts::TokenCounts;
use crate::{Bootstrap, Error, Estimate, Result};
use align_random::generator;
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
    draws.validate()?;
    if sample.texts == 0 || sample.texts > texts.len() {
        let expected = format!("from 1 to the {} texts that there are", texts.len());
        return Err(Error::Option { option: "sample.texts", expected, found: sample.texts.to_string() });
    }
    if sample.tokens == 0 {
        return Err(Error::Option { option: "sample.tokens", expected: "at least 1".into(), found: "0".into() });
    }
    let cut = |text: &T| -> Vec<i64> {
        text.as_ref().iter().copied().filter(|id| Some(*id) != skip).take(sample.tokens).collect()
    };
    let counts = TokenCounts::of(&texts.iter().map(cut).collect::<Vec<_>>(), None)?;
    let entropies: Vec<f64> = (0..draws.resamples as u64)
        .map(|draw| {
            let mut taken = vec![0; texts.len()];
            taken.iter_mut().take(sample.texts).for_each(|times| *times = 1);
            taken.shuffle(&mut generator(draws.seed, "equal samples", draw));
            let counts = counts.total(taken);
            // A sample of empty texts alone has one outcome: nothing.
            if counts.iter().all(|n| *n == 0) { 0.0 } else { entropy_of(&counts) }
        })
        .collect();
    let value = Sum::of(entropies.iter().copied()) / entropies.len() as f64;
    Ok(Estimate { value, interval: draws.percentiles(entropies) })
}
