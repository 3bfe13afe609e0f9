use crate::json_number;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Metrics of a training step or an evaluation, under TRL's names. Each is a mean; the table shows over what.
///
/// | name | meaning | mean over | reported by |
/// | --- | --- | --- | --- |
/// | `rewards/chosen`, `rewards/rejected` | `β (log π − log π_ref)`; without a reference model `β log π` | pairs; completions with that label (KTO) | all |
/// | `rewards/accuracies` | fraction of pairs with a higher reward for the chosen completion | pairs | objectives on pairs |
/// | `rewards/margins` | chosen reward minus rejected reward | pairs; difference of the two means (KTO) | all |
/// | `logps/chosen`, `logps/rejected` | `log π` as used in the loss (summed or per token), in nats | same as rewards | all |
/// | `log_ratios/chosen`, `log_ratios/rejected` | `log π − log π_ref`, in nats | same as rewards | objectives with a reference model |
/// | `likelihood_displacement` | fraction of pairs whose chosen completion became less likely while the margin grew (arXiv:2410.08847) | pairs | DPO |
/// | `logits/chosen`, `logits/rejected` | mean logit at the completion tokens; with CPO also at the prompt tokens | tokens; in training steps of CPO also padding | all |
/// | `entropy` | entropy of the next-token distribution at the completion tokens, in nats | tokens | objectives with a reference model, SFT, GRPO, RLOO |
/// | `mean_token_accuracy` | fraction of tokens of the chosen completions that are the policy's most probable token | tokens | DPO, SFT |
/// | `perplexity` | `exp` of the mean evaluation loss | tokens | SFT |
/// | `accuracy` | fraction of texts whose most probable class is the label; of pairs whose chosen text has the higher reward | rows; pairs | classification, reward models |
/// | `margin` | reward of the chosen text minus that of the rejected one | pairs | reward models |
/// | `min_reward`, `mean_reward`, `max_reward` | lowest, mean and highest reward of all chosen and rejected texts | pairs; lowest and highest of the batch or the evaluation | reward models |
/// | `kl` | the estimate of KL(policy ‖ reference): KTO's reference point, one number per batch; the penalty in GRPO's loss, without `beta` | rows (KTO); tokens (GRPO) | KTO, GRPO |
/// | `clip_ratio/low_mean`, `clip_ratio/high_mean`, `clip_ratio/region_mean` | fraction of ratios of new to old probabilities that the clip holds back: below the range with a negative advantage, above it with a positive one, both | tokens; completions for ratios of sequences | GRPO, RLOO |
/// | `clip_ratio/low_min`, `clip_ratio/high_max` | lowest fraction below the range and highest fraction above it in a completion | lowest and highest of the batch or the evaluation | GRPO, RLOO |
/// | `cispo_clip_ratio` | fraction of ratios above CISPO's cap with a positive advantage | tokens; completions for ratios of sequences | GRPO with cispo |
/// | `vespo/phi_seq_mean` | VESPO's weight of a completion | completions | GRPO with vespo |
/// | `delta` | BCO's reward shift: the running mean of rewards | rows | BCO |
/// | `nll_loss` | negative log-likelihood of the chosen completions | tokens | CPO, ORPO |
/// | `log_odds_ratio`, `log_odds_chosen` | ORPO's `log σ` of the log odds ratio, and the log odds ratio | pairs | ORPO |
/// | `hidden_distance` | squared distance between the hidden states of policy and reference model, divided by the hidden size, without its coefficient | tokens | runs with the option |
/// | `beta`, `weight_distance` | the batch's β (β-DPO); the value of the weight-distance penalty | one number per step | runs with the option |
/// | `reward`, `reward_std` | weighted sum of the judges' scores of the texts of a round; its standard deviation among the texts of a prompt | texts; prompts | on-policy runs |
/// | `frac_reward_zero_std` | fraction of prompts whose texts all have the same reward | prompts | on-policy runs |
/// | `rewards/NAME/mean`, `held_out/NAME/mean` | score by the judge NAME; by the judge that does not train | texts | on-policy runs |
/// | `objective/kl`, `objective/entropy` | estimates from the texts of a round: KL(policy ‖ reference) and the entropy of the policy, in nats per text | texts | on-policy runs with a reference model |
/// | `completions/mean_length`, `completions/clipped_ratio` | tokens of a text; fraction of texts that the length limit cut off | texts | on-policy runs |
/// | `round` | the round of the step, counted from 1 | one number per step | on-policy runs |
///
/// The loss is a mean over pairs, rows (KTO, classification) or tokens (SFT). If it has several terms, such as CPO's negative
/// log-likelihood, each term is averaged separately. An evaluation averages over all held-out rows, independent of the batch size.
/// A training step that accumulates several batches averages over the batches, as TRL does.
///
/// For unpaired data, "chosen" means desirable and "rejected" means undesirable. A metric without a value in a batch is missing.
/// [`RunConfig::evaluation_metrics`](crate::RunConfig::evaluation_metrics) lists the metrics that evaluations of an objective log.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Metrics(#[serde(deserialize_with = "json_number::map_nan_if_null")] BTreeMap<Cow<'static, str>, f64>);

impl Metrics {
    /// The value with this name.
    pub fn get(&self, name: &str) -> Option<f64> {
        self.0.get(name).copied()
    }

    /// All names and values, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, f64)> {
        self.0.iter().map(|(name, value)| (name.as_ref(), *value))
    }

    /// Sets a value.
    pub fn set(&mut self, name: impl Into<Cow<'static, str>>, value: f64) {
        self.0.insert(name.into(), value);
    }

    /// The mean of each metric over the items that have it.
    #[must_use]
    pub fn mean<'a>(all: impl IntoIterator<Item = &'a Self>) -> Self {
        let mut sums: BTreeMap<Cow<'static, str>, (f64, f64)> = BTreeMap::new();
        for (name, value) in all.into_iter().flat_map(|metrics| &metrics.0) {
            let (sum, count) = sums.entry(name.clone()).or_default();
            *sum += value;
            *count += 1.0;
        }
        Self(sums.into_iter().map(|(name, (sum, count))| (name, sum / count)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mean_is_taken_over_the_items_that_have_the_metric() {
        let of = |values: &[(&'static str, f64)]| {
            let mut metrics = Metrics::default();
            values.iter().for_each(|(name, value)| metrics.set(*name, *value));
            metrics
        };
        let mean = Metrics::mean(&[of(&[("kl", 1.0), ("entropy", 2.0)]), of(&[("kl", 4.0)])]);
        assert_eq!(mean, of(&[("kl", 2.5), ("entropy", 2.0)]));
        assert_eq!(Metrics::mean(&[]), Metrics::default());
    }
}
