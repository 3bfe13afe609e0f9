use crate::{Metrics, json_number};
use serde::{Deserialize, Serialize};

/// One optimiser step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepRecord {
    /// Mean loss over the step's rows (under accumulation the mean of the micro-batches' means).
    #[serde(deserialize_with = "json_number::number")]
    pub loss: f64,
    /// Euclidean norm of the whole gradient before clipping.
    #[serde(deserialize_with = "json_number::number")]
    pub grad_norm: f64,
    /// Learning rate that the step used.
    pub learning_rate: f64,
    /// Tokens seen since the run began, prompts included, padding not.
    pub num_tokens: u64,
    /// What the step's rows look like to the policy before the step.
    #[serde(flatten)]
    pub metrics: Metrics,
    /// Epochs done, as a fraction.
    pub epoch: f64,
    /// The step's number, from one.
    pub step: u64,
}

/// The held-out rows, as TRL reports them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EvaluationRecord {
    /// Mean loss over the rows, pairs or tokens: see [`Metrics`].
    #[serde(deserialize_with = "json_number::number")]
    pub eval_loss: f64,
    /// What the held-out rows look like to the policy, each value the mean over all that [`Metrics`] says.
    #[serde(flatten, with = "eval_prefix")]
    pub metrics: Metrics,
    /// Rows a batch, where the loss depends on it because it [couples rows](crate::Objective::couples_rows).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eval_batch_size: Option<usize>,
    /// Wall-clock seconds.
    pub eval_runtime: f64,
    /// Epochs done, as a fraction.
    pub epoch: f64,
    /// Optimiser steps done.
    pub step: u64,
}

impl EvaluationRecord {
    /// The value under a name of the metrics file, with or without its `eval_`.
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
        for (name, value) in json_number::map::<D, String>(deserializer)? {
            if let Some(name) = name.strip_prefix("eval_") {
                metrics.set(name.to_owned(), value);
            }
        }
        Ok(metrics)
    }
}
