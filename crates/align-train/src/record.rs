use serde::{Deserialize, Serialize};

/// What TRL logs of a batch of pairs, under its names; each a mean over the pairs or tokens that it names.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct PairMetrics {
    /// Entropy of the policy's next-token distributions over the completions, in nats.
    pub entropy: f64,
    /// Mean of all logits at the chosen completions' tokens.
    #[serde(rename = "logits/chosen")]
    pub logits_chosen: f64,
    /// Mean of all logits at the rejected completions' tokens.
    #[serde(rename = "logits/rejected")]
    pub logits_rejected: f64,
    /// Share of the chosen completions' tokens that the policy finds likeliest.
    pub mean_token_accuracy: f64,
    /// `β (log π(y⁺|x) − log π_ref(y⁺|x))`.
    #[serde(rename = "rewards/chosen")]
    pub rewards_chosen: f64,
    /// `β (log π(y⁻|x) − log π_ref(y⁻|x))`.
    #[serde(rename = "rewards/rejected")]
    pub rewards_rejected: f64,
    /// Share of pairs whose chosen reward is the higher.
    #[serde(rename = "rewards/accuracies")]
    pub rewards_accuracies: f64,
    /// Chosen reward less rejected reward.
    #[serde(rename = "rewards/margins")]
    pub rewards_margins: f64,
    /// `log π(y⁺|x)`, summed over tokens, in nats.
    #[serde(rename = "logps/chosen")]
    pub logps_chosen: f64,
    /// `log π(y⁻|x)`, summed over tokens, in nats.
    #[serde(rename = "logps/rejected")]
    pub logps_rejected: f64,
}

impl PairMetrics {
    fn fields(&mut self) -> [&mut f64; 10] {
        [
            &mut self.entropy,
            &mut self.logits_chosen,
            &mut self.logits_rejected,
            &mut self.mean_token_accuracy,
            &mut self.rewards_chosen,
            &mut self.rewards_rejected,
            &mut self.rewards_accuracies,
            &mut self.rewards_margins,
            &mut self.logps_chosen,
            &mut self.logps_rejected,
        ]
    }

    /// The mean of several; zeros of none.
    pub(crate) fn mean(all: impl IntoIterator<Item = Self>) -> Self {
        let (mut mean, mut count) = (Self::default(), 0.0);
        for mut metrics in all {
            count += 1.0;
            mean.fields().into_iter().zip(metrics.fields()).for_each(|(sum, value)| *sum += *value);
        }
        mean.fields().into_iter().for_each(|sum| *sum /= f64::max(count, 1.0));
        mean
    }
}

/// One optimiser step.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct StepRecord {
    /// Mean loss over the step's pairs (under accumulation the mean of the micro-batches' means).
    pub loss: f64,
    /// Euclidean norm of the whole gradient before clipping.
    pub grad_norm: f64,
    /// Learning rate that the step used.
    pub learning_rate: f64,
    /// Tokens seen since the run began, prompts included, padding not.
    pub num_tokens: u64,
    /// What the step's pairs look like to the policy before the step.
    #[serde(flatten)]
    pub pairs: PairMetrics,
    /// Epochs done, as a fraction.
    pub epoch: f64,
    /// The step's number, from one.
    pub step: u64,
}

/// The held-out pairs, as TRL reports them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct EvaluationRecord {
    /// Mean loss over the pairs.
    pub eval_loss: f64,
    /// What the held-out pairs look like to the policy, each value a mean over batch means.
    #[serde(flatten, with = "eval_prefix")]
    pub pairs: PairMetrics,
    /// Wall-clock seconds.
    pub eval_runtime: f64,
    /// Epochs done, as a fraction.
    pub epoch: f64,
    /// Optimiser steps done.
    pub step: u64,
}

/// Writes the pair metrics as `eval_rewards/chosen` and so on.
mod eval_prefix {
    use super::PairMetrics;
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _, ser::Error as _};
    use std::collections::BTreeMap;

    pub fn serialize<S: Serializer>(metrics: &PairMetrics, serializer: S) -> Result<S::Ok, S::Error> {
        let plain = serde_json::to_value(metrics).map_err(S::Error::custom)?;
        let fields = plain.as_object().into_iter().flatten();
        fields.map(|(name, value)| (format!("eval_{name}"), value)).collect::<BTreeMap<_, _>>().serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PairMetrics, D::Error> {
        let all = BTreeMap::<String, serde_json::Value>::deserialize(deserializer)?;
        let plain = all.into_iter().filter_map(|(name, value)| Some((name.strip_prefix("eval_")?.to_owned(), value)));
        serde_json::from_value(plain.collect()).map_err(D::Error::custom)
    }
}
