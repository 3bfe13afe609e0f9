use crate::{Error, Metrics, Result};
use align_losses::Mean;
use std::collections::BTreeMap;

/// The [`Metrics`] of one batch. Each is a [`Mean`] with its count, so that the metrics of several batches can be averaged exactly.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct BatchMetrics(BTreeMap<&'static str, Mean>);

impl BatchMetrics {
    /// The mean with this name.
    pub fn get(&self, name: &str) -> Option<Mean> {
        self.0.get(name).copied()
    }

    /// Sets a mean, unless it is `None` or has a count of 0.
    pub fn set(&mut self, name: &'static str, mean: impl Into<Option<Mean>>) {
        if let Some(mean) = mean.into().filter(|mean| mean.count > 0.0) {
            self.0.insert(name, mean);
        }
    }

    /// The values without their counts.
    pub fn values(&self) -> Metrics {
        let mut values = Metrics::default();
        self.0.iter().for_each(|(name, mean)| values.set(*name, mean.value));
        values
    }

    /// The metrics over all rows of several batches: each mean is weighted by its count.
    ///
    /// # Errors
    /// A metric that is averaged over different units (tokens, rows, pairs) in different batches.
    pub fn mean<'a>(batches: impl IntoIterator<Item = &'a Self>) -> Result<Metrics> {
        let mut means: BTreeMap<&'static str, Vec<Mean>> = BTreeMap::new();
        for (name, mean) in batches.into_iter().flat_map(|batch| &batch.0) {
            means.entry(name).or_default().push(*mean);
        }
        let mut all = Metrics::default();
        for (name, means) in means {
            all.set(name, combine_means(name, means)?.value);
        }
        Ok(all)
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
