use crate::{Error, EvaluationRecord, Result};

/// The evaluation metric that decides which weights are best (`metric_for_best_model`), with transformers' rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BestMetric {
    /// The name, with or without `eval_`.
    pub name: String,
    /// Whether higher values are better.
    pub greater_is_better: bool,
}

impl BestMetric {
    /// Returns an error if an evaluation does not have the metric.
    pub fn check_present(&self, evaluation: &EvaluationRecord) -> Result<()> {
        if evaluation.get(&self.name).is_some() {
            return Ok(());
        }
        let names: Vec<&str> = std::iter::once("loss").chain(evaluation.metrics.iter().map(|(name, _)| name)).collect();
        let reason = format!(
            "is {}, but the evaluation after step {} does not have it: use held-out rows that have it, or choose another metric: {}",
            self.name,
            evaluation.step,
            names.join(", ")
        );
        Err(Error::Config { option: "metric_for_best_model", reason })
    }

    /// The best evaluation, the first one if several are equally good. NaN and missing values are never the best.
    pub fn best<'a>(
        &self,
        evaluations: impl IntoIterator<Item = &'a EvaluationRecord>,
    ) -> Option<&'a EvaluationRecord> {
        let mut best = None;
        let mut bound = self.worst();
        for evaluation in evaluations {
            if let Some(value) = evaluation.get(&self.name).filter(|value| self.is_better(*value, bound)) {
                (best, bound) = (Some(evaluation), value);
            }
        }
        best
    }

    /// The number of consecutive evaluations at the end that did not improve on the best value before them by more than `threshold`.
    pub fn evaluations_without_improvement(&self, evaluations: &[EvaluationRecord], threshold: f64) -> u64 {
        let (mut count, mut best) = (0, None);
        for value in evaluations.iter().filter_map(|evaluation| evaluation.get(&self.name)) {
            let improved = best.is_none_or(|best: f64| self.is_better(value, best) && (value - best).abs() > threshold);
            count = if improved { 0 } else { count + 1 };
            let before = best.unwrap_or(self.worst());
            best = Some(if self.is_better(value, before) { value } else { before });
        }
        count
    }

    fn is_better(&self, value: f64, than: f64) -> bool {
        if self.greater_is_better { value > than } else { value < than }
    }

    fn worst(&self) -> f64 {
        if self.greater_is_better { f64::NEG_INFINITY } else { f64::INFINITY }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::Metrics;

    fn evaluations(values: &[f64]) -> Vec<EvaluationRecord> {
        let of = |(step, value): (usize, &f64)| {
            let mut metrics = Metrics::default();
            metrics.set("rewards/accuracies", 1.0 - value);
            EvaluationRecord {
                eval_loss: *value,
                metrics,
                eval_batch_size: None,
                eval_runtime: 0.0,
                epoch: 0.0,
                step: step as u64,
            }
        };
        values.iter().enumerate().map(of).collect()
    }

    fn metric(name: &str, greater_is_better: bool) -> BestMetric {
        BestMetric { name: name.into(), greater_is_better }
    }

    #[test]
    fn the_first_of_equal_values_is_best_and_nan_never_is() {
        let all = evaluations(&[f64::NAN, 0.5, 0.2, 0.2, 0.9]);
        for (metric, step) in [
            (metric("loss", false), 2),
            (metric("eval_loss", false), 2),
            (metric("loss", true), 4),
            (metric("rewards/accuracies", true), 2),
            (metric("eval_rewards/accuracies", false), 4),
        ] {
            assert_eq!(metric.best(&all).map(|e| e.step), Some(step), "{metric:?}");
        }
        assert_eq!(metric("loss", false).best(&evaluations(&[f64::NAN])), None);
        let unknown = metric("accuracy", true).check_present(&all[1]).unwrap_err().to_string();
        assert!(unknown.contains("accuracy") && unknown.contains("loss, rewards/accuracies"), "{unknown}");
    }

    #[test]
    fn evaluations_within_the_threshold_are_no_improvement() {
        let count = |values: &[f64], threshold| {
            metric("loss", false).evaluations_without_improvement(&evaluations(values), threshold)
        };
        assert_eq!(count(&[1.0], 0.0), 0);
        assert_eq!(count(&[1.0, 1.0, 1.2], 0.0), 2);
        assert_eq!(count(&[1.0, 1.2, 0.9], 0.0), 0);
        // The best value improves by less than the threshold each time.
        assert_eq!(count(&[1.0, 0.95, 0.9, 0.85], 0.1), 3);
        assert_eq!(count(&[1.0, 0.95, 0.8, 0.95], 0.1), 1);
        assert_eq!(count(&[f64::NAN, 1.0, f64::NAN], 0.0), 1);
    }
}
