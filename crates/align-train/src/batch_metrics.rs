use crate::{Error, Metrics, Result};
use align_losses::Mean;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// The [`Metrics`] of one batch. Each is a [`Mean`] with its count, so that the metrics of several batches can be averaged exactly, or a
/// lowest or highest value. The values of single rows can be added, of which trackers show histograms.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct BatchMetrics {
    summaries: BTreeMap<Cow<'static, str>, Summary>,
    row_values: RowValues,
}

/// The values of single rows or pairs, by the names of metrics.
pub(crate) type RowValues = BTreeMap<Cow<'static, str>, Vec<f64>>;

/// What a metric of a batch is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Summary {
    Mean(Mean),
    Min(f64),
    Max(f64),
}

impl BatchMetrics {
    /// The mean with this name.
    pub fn get(&self, name: &str) -> Option<Mean> {
        match self.summaries.get(name) {
            Some(Summary::Mean(mean)) => Some(*mean),
            _ => None,
        }
    }

    /// Sets a mean, unless it is `None` or has a count of 0.
    pub fn set(&mut self, name: &'static str, mean: impl Into<Option<Mean>>) {
        if let Some(mean) = mean.into().filter(|mean| mean.count > 0.0) {
            self.summaries.insert(name.into(), Summary::Mean(mean));
        }
    }

    /// Sets the lowest of the batch's values, unless there are none.
    pub fn set_min(&mut self, name: &'static str, values: &[f64]) {
        if let Some(lowest) = values.iter().copied().reduce(f64::min) {
            self.summaries.insert(name.into(), Summary::Min(lowest));
        }
    }

    /// Sets the highest of the batch's values, unless there are none.
    pub fn set_max(&mut self, name: &'static str, values: &[f64]) {
        if let Some(highest) = values.iter().copied().reduce(f64::max) {
            self.summaries.insert(name.into(), Summary::Max(highest));
        }
    }

    /// Adds the value of each row or pair of the batch, of which trackers show a histogram. They are dropped if no tracker does.
    pub fn set_row_values(&mut self, name: &'static str, values: Vec<f64>) {
        self.row_values.insert(name.into(), values);
    }

    /// The values of single rows or pairs.
    pub(crate) fn row_values(&self) -> &RowValues {
        &self.row_values
    }

    pub(crate) fn row_values_mut(&mut self) -> &mut RowValues {
        &mut self.row_values
    }

    /// All names and summaries.
    pub(crate) fn summaries(&self) -> impl Iterator<Item = (&str, Summary)> {
        self.summaries.iter().map(|(name, summary)| (name.as_ref(), *summary))
    }

    /// The values without their counts.
    pub fn values(&self) -> Metrics {
        let mut values = Metrics::default();
        for (name, summary) in &self.summaries {
            let (Summary::Mean(Mean { value, .. }) | Summary::Min(value) | Summary::Max(value)) = summary;
            values.set(name.clone(), *value);
        }
        values
    }

    /// The metrics over all rows of several batches: each mean is weighted by its count, and of lowest and highest values the lowest and the
    /// highest are taken.
    ///
    /// # Errors
    /// A metric that is averaged over different units (tokens, rows, pairs) in different batches.
    pub fn mean<'a>(batches: impl IntoIterator<Item = &'a Self>) -> Result<Metrics> {
        let mut means: BTreeMap<&Cow<'static, str>, Vec<Mean>> = BTreeMap::new();
        let mut extremes: BTreeMap<&Cow<'static, str>, f64> = BTreeMap::new();
        for (name, summary) in batches.into_iter().flat_map(|batch| &batch.summaries) {
            match *summary {
                Summary::Mean(mean) => means.entry(name).or_default().push(mean),
                Summary::Min(value) => {
                    let lowest = extremes.entry(name).or_insert(value);
                    *lowest = lowest.min(value);
                }
                Summary::Max(value) => {
                    let highest = extremes.entry(name).or_insert(value);
                    *highest = highest.max(value);
                }
            }
        }
        let mut all = Metrics::default();
        for (name, means) in means {
            all.set(name.clone(), combine_means(name, means)?.value);
        }
        extremes.into_iter().for_each(|(name, value)| all.set(name.clone(), value));
        Ok(all)
    }
}

impl FromIterator<(Cow<'static, str>, Summary)> for BatchMetrics {
    fn from_iter<I: IntoIterator<Item = (Cow<'static, str>, Summary)>>(summaries: I) -> Self {
        Self { summaries: summaries.into_iter().collect(), row_values: RowValues::new() }
    }
}

/// Combines the means of several batches, weighted by their counts. Errors name the metric.
pub(crate) fn combine_means(name: &str, means: Vec<Mean>) -> Result<Mean> {
    Mean::combine(means).ok_or_else(|| {
        Error::Data(format!(
            "{name} is averaged over different units in different batches: use the same unit (tokens, rows or pairs) in all batches"
        ))
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn lowest_and_highest_values_are_those_of_all_batches() {
        let of = |values: &[f64]| {
            let mut metrics = BatchMetrics::default();
            metrics.set_min("min_reward", values);
            metrics.set_max("max_reward", values);
            metrics
        };
        let all = BatchMetrics::mean([&of(&[1.0, 3.0]), &of(&[]), &of(&[2.0, -1.0, 0.5])]).unwrap();
        assert_eq!(all.iter().collect::<Vec<_>>(), [("max_reward", 3.0), ("min_reward", -1.0)]);
    }

    #[test]
    fn means_are_weighted_by_their_counts() {
        let of = |values: &[(&'static str, Mean)]| {
            let mut metrics = BatchMetrics::default();
            values.iter().for_each(|(name, mean)| metrics.set(name, *mean));
            metrics
        };
        let first = of(&[("entropy", Mean::over_tokens(2.0, 30.0)), ("accuracy", Mean::over_rows(1.0, 1))]);
        let second = of(&[("entropy", Mean::over_tokens(6.0, 10.0)), ("accuracy", Mean::over_rows(0.0, 3))]);
        let third = of(&[("accuracy", Mean::over_rows(0.0, 0)), ("kl", Mean::over_rows(0.5, 2))]);
        let all = BatchMetrics::mean([&first, &second, &third]).unwrap();
        assert_eq!(all.iter().collect::<Vec<_>>(), [("accuracy", 0.25), ("entropy", 3.0), ("kl", 0.5)]);
        let other = of(&[("kl", Mean::over_pairs(0.5, 2))]);
        let problem = BatchMetrics::mean([&third, &other]).unwrap_err().to_string();
        assert!(problem.contains("kl"), "{problem}");
    }
}
