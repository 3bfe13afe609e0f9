use crate::{Error, Result};
use align_base::random::generator;
use rand::RngExt;
use serde::{Deserialize, Serialize};

/// Maximum number of resamples, whose values take 80 MB.
const MOST_RESAMPLES: usize = 10_000_000;

/// A confidence interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Its lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
    /// The confidence level: the fraction of such intervals that contain the true value. 0.95 for 95%.
    pub level: f64,
}

/// Options of the bootstrap. Whole texts are resampled with replacement, because the tokens of a text are not independent.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Bootstrap {
    /// Number of resamples; at least `2 / (1 - level)`, so that some values are outside the interval.
    pub resamples: usize,
    /// Confidence level, between 0 and 1.
    pub level: f64,
    /// Seed of the random numbers. A resample is a function of the seed and its number.
    pub seed: u64,
}

impl Default for Bootstrap {
    /// 1,000 resamples, 95%, seed 0.
    fn default() -> Self {
        Self { resamples: 1000, level: 0.95, seed: 0 }
    }
}

impl Bootstrap {
    /// Checks the options. All functions that use them call this.
    ///
    /// # Errors
    /// An option is out of range.
    pub fn validate(&self) -> Result<()> {
        if !(self.level > 0.0 && self.level < 1.0) {
            let expected = "between 0 and 1, such as 0.95".to_owned();
            return Err(Error::Option { option: "level", expected, found: self.level.to_string() });
        }
        let least = 2.0 / (1.0 - self.level);
        // 2 / (1 - 0.95) is a little above 40 in binary.
        if (self.resamples as f64) < least - 1e-6 {
            let expected = format!("at least {:.0} for level {}", least.ceil(), self.level);
            return Err(Error::Option { option: "resamples", expected, found: self.resamples.to_string() });
        }
        if self.resamples > MOST_RESAMPLES {
            let expected = format!("at most {MOST_RESAMPLES}: more do not make intervals more accurate");
            return Err(Error::Option { option: "resamples", expected, found: self.resamples.to_string() });
        }
        Ok(())
    }

    /// The percentile interval of a statistic. `statistic` is called with the row numbers of each resample (from 0 to `rows - 1`, drawn
    /// with replacement).
    ///
    /// ```
    /// let scores = [0.1, 0.4, -0.3, 0.9, 0.2];
    /// let interval = align_metrics::Bootstrap::default()
    ///     .interval(scores.len(), |rows| rows.iter().map(|row| scores[*row]).sum::<f64>() / rows.len() as f64)?;
    /// assert!(interval.low < 0.26 && 0.26 < interval.high); // 0.26 is the mean
    /// # Ok::<(), align_metrics::Error>(())
    /// ```
    ///
    /// # Errors
    /// There are no rows, or an option is out of range.
    pub fn interval(&self, rows: usize, mut statistic: impl FnMut(&[usize]) -> f64) -> Result<Interval> {
        let [values] = self.values(rows, |drawn| [statistic(drawn)])?;
        Ok(self.percentiles(values))
    }

    /// The values of several statistics on the same resamples.
    pub(crate) fn values<const N: usize>(
        &self,
        rows: usize,
        mut statistics: impl FnMut(&[usize]) -> [f64; N],
    ) -> Result<[Vec<f64>; N]> {
        self.validate()?;
        if rows == 0 {
            return Err(Error::Empty("texts"));
        }
        let mut values = std::array::from_fn(|_| Vec::with_capacity(self.resamples));
        let mut drawn = vec![0; rows];
        for resample in 0..self.resamples {
            let mut rng = generator(self.seed, "bootstrap", resample as u64);
            drawn.iter_mut().for_each(|row| *row = rng.random_range(0..rows));
            for (list, value) in values.iter_mut().zip(statistics(&drawn)) {
                list.push(value);
            }
        }
        Ok(values)
    }

    /// Percentiles, interpolated between neighbours.
    pub(crate) fn percentiles(&self, mut values: Vec<f64>) -> Interval {
        values.sort_unstable_by(f64::total_cmp);
        let at = |share: f64| {
            let place = share * values.len().saturating_sub(1) as f64;
            let value = |index: f64| values.get(index as usize).copied().unwrap_or(f64::NAN);
            let (below, above) = (value(place.floor()), value(place.ceil()));
            below + (above - below) * place.fract()
        };
        let outside = (1.0 - self.level) / 2.0;
        Interval { low: at(outside), high: at(1.0 - outside), level: self.level }
    }
}
