use crate::{Metrics, json_number};
use serde::{Deserialize, Serialize};

/// One optimiser step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepRecord {
    /// Mean loss over the rows of the step. With gradient accumulation, the mean over the batches' mean losses.
    #[serde(deserialize_with = "json_number::nan_if_null")]
    pub loss: f64,
    /// Euclidean norm of the whole gradient before clipping.
    #[serde(deserialize_with = "json_number::nan_if_null")]
    pub grad_norm: f64,
    /// Learning rate of the step.
    pub learning_rate: f64,
    /// Tokens seen since the start of the run, including prompts and without padding.
    pub num_tokens: u64,
    /// Metrics of the rows of the step, computed before the update.
    #[serde(flatten)]
    pub metrics: Metrics,
    /// Completed epochs, as a fraction.
    pub epoch: f64,
    /// The number of the step, from 1.
    pub step: u64,
}

impl StepRecord {
    /// The value with a name from the metrics file.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<f64> {
        match name {
            "loss" => Some(self.loss),
            "grad_norm" => Some(self.grad_norm),
            "learning_rate" => Some(self.learning_rate),
            name => self.metrics.get(name),
        }
    }
}

/// The mean of consecutive steps, as a line of the metrics file has it.
#[derive(Debug, Clone, PartialEq)]
pub struct StepMean {
    /// The first step.
    pub first_step: u64,
    /// The mean of loss, gradient norm and metrics. Step, epoch, token count and learning rate are those of the last step.
    pub mean: StepRecord,
}

impl StepMean {
    /// The mean of the steps; `None` if there are none.
    #[must_use]
    pub fn of(steps: &[StepRecord]) -> Option<Self> {
        let (first, mut mean) = (steps.first()?, steps.last()?.clone());
        let mean_of = |value: fn(&StepRecord) -> f64| steps.iter().map(value).sum::<f64>() / steps.len() as f64;
        (mean.loss, mean.grad_norm) = (mean_of(|record| record.loss), mean_of(|record| record.grad_norm));
        mean.metrics = Metrics::mean(steps.iter().map(|record| &record.metrics));
        Some(Self { first_step: first.step, mean })
    }

    /// `step 40` or `steps 31 to 40`.
    #[must_use]
    pub fn describe_steps(&self) -> String {
        match (self.first_step, self.mean.step) {
            (first, last) if first == last => format!("step {last}"),
            (first, last) => format!("steps {first} to {last}"),
        }
    }
}

/// One evaluation on the held-out rows, in TRL's format.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EvaluationRecord {
    /// Mean loss over the rows, pairs or tokens: see [`Metrics`].
    #[serde(deserialize_with = "json_number::nan_if_null")]
    pub eval_loss: f64,
    /// Metrics of the held-out rows. [`Metrics`] explains what each one is averaged over.
    #[serde(flatten, with = "eval_prefix")]
    pub metrics: Metrics,
    /// Rows per batch, if the loss depends on it because the objective [couples rows](crate::Objective::mean_depends_on_batch_size).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eval_batch_size: Option<usize>,
    /// Wall-clock seconds.
    pub eval_runtime: f64,
    /// Completed epochs, as a fraction.
    pub epoch: f64,
    /// Completed optimiser steps.
    pub step: u64,
}

impl EvaluationRecord {
    /// The value with a name from the metrics file, with or without the prefix `eval_`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<f64> {
        match name.strip_prefix("eval_").unwrap_or(name) {
            "loss" => Some(self.eval_loss),
            name => self.metrics.get(name),
        }
    }
}

/// Writes the metrics as `eval_rewards/chosen` and so on.
mod eval_prefix {
    use super::{Metrics, json_number};
    use serde::{Deserializer, Serialize, Serializer};
    use std::collections::BTreeMap;

    pub fn serialize<S: Serializer>(metrics: &Metrics, serializer: S) -> Result<S::Ok, S::Error> {
        metrics
            .iter()
            .map(|(name, value)| (format!("eval_{name}"), value))
            .collect::<BTreeMap<_, _>>()
            .serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Metrics, D::Error> {
        let mut metrics = Metrics::default();
        for (name, value) in json_number::map_nan_if_null::<D, String>(deserializer)? {
            if let Some(name) = name.strip_prefix("eval_") {
                metrics.set(name.to_owned(), value);
            }
        }
        Ok(metrics)
    }
}
