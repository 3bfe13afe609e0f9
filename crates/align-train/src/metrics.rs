use crate::json_number;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// What rows look like to the policy: numbers under TRL's names, each the mean over what the table says.
///
/// | name | meaning | mean over | by |
/// | --- | --- | --- | --- |
/// | `rewards/chosen`, `rewards/rejected` | `β (log π − log π_ref)`; without a reference `β log π` | pairs; completions of their kind (KTO) | all |
/// | `rewards/accuracies` | share of pairs whose chosen reward is the higher | pairs | pairs |
/// | `rewards/margins` | chosen reward less rejected reward | pairs; the difference of two means (KTO) | all |
/// | `logps/chosen`, `logps/rejected` | `log π` as the loss takes it, in nats | as the rewards | all |
/// | `log_ratios/chosen`, `log_ratios/rejected` | `log π − log π_ref`, in nats | as the rewards | with a reference |
/// | `likelihood_displacement` | share of pairs whose chosen text has become less likely while its margin grew (arXiv:2410.08847) | pairs | DPO |
/// | `logits/chosen`, `logits/rejected` | mean logit at the completions' tokens; CPO's at the prompts' too | tokens; CPO's at a training step over padding too | all |
/// | `entropy` | of the next-token distributions over the completions, in nats | tokens | with a reference, SFT |
/// | `mean_token_accuracy` | share of the chosen completions' tokens that the policy finds likeliest | tokens | DPO, SFT |
/// | `perplexity` | `exp` of the held-out rows' mean loss | tokens | SFT |
/// | `accuracy` | share of the texts whose class is the likeliest | rows | classification |
/// | `kl` | KTO's reference point, one number a batch | rows | KTO |
/// | `delta` | BCO's reward shift, one number | rows | BCO |
/// | `nll_loss` | negative log-likelihood of the chosen texts | tokens | CPO, ORPO |
/// | `log_odds_ratio`, `log_odds_chosen` | ORPO's `log σ` of the log odds ratio, and the ratio | pairs | ORPO |
/// | `beta`, `weight_distance` | the batch's β (β-DPO); the weights' penalty | one number a step | where asked for |
///
/// The loss is the mean over pairs, rows (KTO, classification) or tokens (SFT); where it has terms of several kinds, such as CPO's
/// likelihood, each is a mean of its own. An evaluation takes these means over all held-out rows, however they are split into batches.
/// A training step of several micro-batches takes the mean of theirs, as TRL does.
///
/// "Chosen" are the desirable completions where there are no pairs. A batch without a value for a name lacks it. What evaluations
/// of an objective log is listed by [`RunConfig::evaluation_metrics`](crate::RunConfig::evaluation_metrics).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Metrics(#[serde(deserialize_with = "json_number::map")] BTreeMap<Cow<'static, str>, f64>);

impl Metrics {
    /// The value under a name.
    pub fn get(&self, name: &str) -> Option<f64> {
        self.0.get(name).copied()
    }

    /// All names and values, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, f64)> {
        self.0.iter().map(|(name, value)| (name.as_ref(), *value))
    }

    /// Sets a value.
    pub fn set(&mut self, name: impl Into<Cow<'static, str>>, value: f64) {
        self.0.insert(name.into(), value);
    }

    /// Under each name the mean over those that have it.
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
    fn a_mean_is_over_those_that_have_the_name() {
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
