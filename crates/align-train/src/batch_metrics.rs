use crate::{Error, Metrics, Result};
use align_losses::Mean;
use std::collections::BTreeMap;

/// The [`Metrics`] of one batch, each with what it is the mean of, so that those of several batches make those of all their rows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct BatchMetrics(BTreeMap<&'static str, Mean>);

impl BatchMetrics {
    /// The mean under a name.
    pub fn get(&self, name: &str) -> Option<Mean> {
        self.0.get(name).copied()
    }

    /// Sets a mean, if there is one over anything.
    pub fn set(&mut self, name: &'static str, mean: impl Into<Option<Mean>>) {
        if let Some(mean) = mean.into().filter(|mean| mean.count > 0.0) {
            self.0.insert(name, mean);
        }
    }

    /// The numbers alone.
    pub fn values(&self) -> Metrics {
        let mut values = Metrics::default();
        self.0.iter().for_each(|(name, mean)| values.set(*name, mean.value));
        values
    }

    /// The metrics of all rows of some batches: under each name the mean over all that it is taken over in any batch.
    ///
    /// # Errors
    /// A name whose means are taken over different things.
    pub fn of_all<'a>(batches: impl IntoIterator<Item = &'a Self>) -> Result<Metrics> {
        let mut means: BTreeMap<&'static str, Vec<Mean>> = BTreeMap::new();
        for (name, mean) in batches.into_iter().flat_map(|batch| &batch.0) {
            means.entry(name).or_default().push(*mean);
        }
        let mut all = Metrics::default();
        for (name, means) in means {
            all.set(name, joined(name, means)?.value);
        }
        Ok(all)
    }
}

/// The mean of all that some batches' means under a name are taken over.
pub(crate) fn joined(name: &str, means: Vec<Mean>) -> Result<Mean> {
    Mean::of_all(means).ok_or_else(|| {
        Error::Data(format!(
            "{name} is the mean over different things in different batches: give each batch's the same unit"
        ))
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn each_metric_counts_by_what_it_is_the_mean_of() {
        let of = |values: &[(&'static str, Mean)]| {
            let mut metrics = BatchMetrics::default();
            values.iter().for_each(|(name, mean)| metrics.set(name, *mean));
            metrics
        };
        let first = of(&[("entropy", Mean::over_tokens(2.0, 30.0)), ("accuracy", Mean::over_rows(1.0, 1))]);
        let second = of(&[("entropy", Mean::over_tokens(6.0, 10.0)), ("accuracy", Mean::over_rows(0.0, 3))]);
        let third = of(&[("accuracy", Mean::over_rows(0.0, 0)), ("kl", Mean::over_rows(0.5, 2))]);
        let all = BatchMetrics::of_all([&first, &second, &third]).unwrap();
        assert_eq!(all.iter().collect::<Vec<_>>(), [("accuracy", 0.25), ("entropy", 3.0), ("kl", 0.5)]);
        let other = of(&[("kl", Mean::over_pairs(0.5, 2))]);
        let problem = BatchMetrics::of_all([&third, &other]).unwrap_err().to_string();
        assert!(problem.contains("kl"), "{problem}");
    }
}
