use crate::bootstrap::{Bootstrap, Interval};
use crate::entropy::{entropy_of, miller_madow};
use crate::mean::{finite, mean};
use crate::notebook_entropy::notebook_entropy_of;
use crate::sum::Sum;
use crate::token_counts::{TextCounts, TokenCounts};
use crate::{Error, Result};
use serde::{Deserialize, Serialize};

/// A number and how far it may be off.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The number.
    pub value: f64,
    /// Its confidence interval.
    pub interval: Interval,
}

/// A set of generated texts in numbers.
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
    /// [`notebook_entropy`](crate::notebook_entropy), in nats. Its interval covers what other draws and orders of the texts
    /// would give: it need not hold the value, which hangs on the one text that happens to stand last.
    pub notebook_entropy: Estimate,
    /// Mean of the scores, where there are any.
    pub mean_reward: Option<Estimate>,
}

impl EvaluationReport {
    /// Measures texts, given as token ids, and their scores.
    ///
    /// `skip` is an id that does not count, such as the end-of-text token. Intervals are percentiles over resampled
    /// texts. Those of the two entropies of the token distribution are moved to have the number itself in their middle: a
    /// resample repeats texts, so its entropy is lower than that of the texts for this reason alone.
    ///
    /// # Errors
    /// No texts or none with a token, another number of scores than of texts, a score that is not finite, or an option of
    /// `bootstrap` outside its range.
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
            finite(scores)?;
        }
        let counts = TokenCounts::of(texts, skip)?;
        let mut weights = vec![0.0; counts.distinct];
        let mut of_rows = |rows: &[usize]| {
            let mut times = vec![0; texts.len()];
            rows.iter().filter_map(|row| times.get_mut(*row).map(|t: &mut u64| *t += 1)).for_each(drop);
            let total = counts.total(times);
            if total.iter().all(|n| *n == 0) {
                // Texts without a token, drawn alone: the distribution has nothing in it.
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
            let shift = value - Sum::of(values.iter().copied()) / values.len() as f64;
            let interval = bootstrap.percentiles(values.into_iter().map(|x| x + shift).collect());
            Estimate { value, interval }
        };
        let mean_reward = scores.map(|scores| {
            let of_rows =
                |rows: &[usize]| Sum::of(rows.iter().filter_map(|row| scores.get(*row)).copied()) / rows.len() as f64;
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
