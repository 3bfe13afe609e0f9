use crate::bootstrap::{Bootstrap, Interval};
use crate::compensated_sum::CompensatedSum;
use crate::entropy::{entropy_of, miller_madow};
use crate::mean::{check_scores, mean};
use crate::notebook_entropy::notebook_entropy_of;
use crate::token_counts::{TextCounts, TokenCounts};
use crate::{Error, Result};
use serde::{Deserialize, Serialize};

/// An estimate with its confidence interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The value.
    pub value: f64,
    /// Its confidence interval.
    pub interval: Interval,
}

/// Metrics of a set of generated texts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EvaluationReport {
    /// Number of texts.
    pub rows: usize,
    /// Number of tokens, without the skipped id.
    pub tokens: u64,
    /// [`token_entropy`](crate::token_entropy), in nats.
    pub token_entropy: Estimate,
    /// [`miller_madow_entropy`](crate::miller_madow_entropy), in nats.
    pub miller_madow_entropy: Estimate,
    /// [`notebook_entropy`](crate::notebook_entropy), in nats. The interval covers other samples and orders of the texts. It need not
    /// contain the value, which depends mostly on the last text.
    pub notebook_entropy: Estimate,
    /// Mean of the scores, if there are any.
    pub mean_reward: Option<Estimate>,
}

impl EvaluationReport {
    /// Computes the metrics of texts, given as token ids, and their scores.
    ///
    /// `skip` is an id that is not counted, such as the end-of-text token. The intervals are percentiles over resampled texts. A resample
    /// contains some texts several times, which lowers its entropy. Therefore the intervals of the two entropies of the token distribution
    /// are shifted so that the mean of the resamples equals the value.
    ///
    /// # Errors
    /// No texts or no tokens in them, different numbers of scores and texts, a score that is not finite, or an option of `bootstrap` out of
    /// range.
    pub fn of<T: AsRef<[i64]>>(
        texts: &[T],
        skip: Option<i64>,
        scores: Option<&[f64]>,
        bootstrap: &Bootstrap,
    ) -> Result<Self> {
        if let Some(scores) = scores {
            if scores.len() != texts.len() {
                return Err(Error::Lengths { texts: texts.len(), scores: scores.len() });
            }
            check_scores(scores)?;
        }
        let counts = TokenCounts::of(texts, skip)?;
        let mut weights = vec![0.0; counts.distinct];
        let mut of_rows = |rows: &[usize]| {
            let mut times = vec![0; texts.len()];
            rows.iter().filter_map(|row| times.get_mut(*row).map(|t: &mut u64| *t += 1)).for_each(drop);
            let total = counts.total(times);
            if total.iter().all(|n| *n == 0) {
                // All resampled texts are empty.
                return [0.0; 3];
            }
            let order: Vec<&TextCounts> = rows.iter().filter_map(|row| counts.texts.get(*row)).collect();
            let entropy = entropy_of(&total);
            [entropy, entropy + miller_madow(&total), notebook_entropy_of(&order, &mut weights)]
        };
        let all: Vec<usize> = (0..texts.len()).collect();
        let [token_entropy, miller_madow_entropy, notebook_entropy] = of_rows(&all);
        let [plain, corrected, notebook] = bootstrap.values(texts.len(), of_rows)?;
        let centred = |value: f64, values: Vec<f64>| {
            let shift = value - CompensatedSum::of(values.iter().copied()) / values.len() as f64;
            let interval = bootstrap.percentiles(values.into_iter().map(|x| x + shift).collect());
            Estimate { value, interval }
        };
        let mean_reward = scores.map(|scores| {
            let of_rows = |rows: &[usize]| {
                CompensatedSum::of(rows.iter().filter_map(|row| scores.get(*row)).copied()) / rows.len() as f64
            };
            Ok(Estimate { value: mean(scores)?, interval: bootstrap.interval(scores.len(), of_rows)? })
        });
        Ok(Self {
            rows: texts.len(),
            tokens: counts.texts.iter().map(|text| text.tokens).sum(),
            token_entropy: centred(token_entropy, plain),
            miller_madow_entropy: centred(miller_madow_entropy, corrected),
            notebook_entropy: Estimate { value: notebook_entropy, interval: bootstrap.percentiles(notebook) },
            mean_reward: mean_reward.transpose()?,
        })
    }
}
