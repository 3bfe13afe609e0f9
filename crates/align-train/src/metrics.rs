use crate::json_number;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// What a batch looks like to the policy: numbers under TRL's names, each a mean over the rows or tokens that it names.
///
/// | name | meaning | by |
/// | --- | --- | --- |
/// | `rewards/chosen`, `rewards/rejected` | `β (log π − log π_ref)`; without a reference `β log π` | all |
/// | `rewards/accuracies` | share of pairs whose chosen reward is the higher | pairs |
/// | `rewards/margins` | chosen reward less rejected reward | all |
/// | `logps/chosen`, `logps/rejected` | `log π` as the loss takes it, in nats | all |
/// | `log_ratios/chosen`, `log_ratios/rejected` | `log π − log π_ref`, in nats | with a reference |
/// | `likelihood_displacement` | share of pairs whose chosen text has become less likely while its margin grew (arXiv:2410.08847) | DPO |
/// | `logits/chosen`, `logits/rejected` | mean logit at the completions' tokens; CPO's over every position, padding too | all |
/// | `entropy` | of the next-token distributions over the completions, in nats | with a reference, SFT |
/// | `mean_token_accuracy` | share of the chosen completions' tokens that the policy finds likeliest | DPO, SFT |
/// | `perplexity` | `exp` of the held-out rows' mean loss | SFT |
/// | `accuracy` | share of the texts whose class is the likeliest | classification |
/// | `kl` | KTO's reference point | KTO |
/// | `delta` | BCO's reward shift | BCO |
/// | `nll_loss` | negative log-likelihood a token of the chosen texts | CPO, ORPO |
/// | `log_odds_ratio`, `log_odds_chosen` | ORPO's `log σ` of the log odds ratio, and the ratio | ORPO |
/// | `beta`, `weight_distance` | the batch's β (β-DPO); the weights' penalty | where asked for |
///
/// "Chosen" are the desirable completions where there are no pairs. A name that a batch has nothing to say on is left out.
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
        Self::weighted_mean(all.into_iter().map(|metrics| (1.0, metrics)))
    }

    /// Under each name the mean, by positive weights, over those that have it.
    #[must_use]
    pub fn weighted_mean<'a>(all: impl IntoIterator<Item = (f64, &'a Self)>) -> Self {
        let mut sums: BTreeMap<Cow<'static, str>, (f64, f64)> = BTreeMap::new();
        for (weight, metrics) in all {
            for (name, value) in &metrics.0 {
                let (sum, count) = sums.entry(name.clone()).or_default();
                *sum += weight * value;
                *count += weight;
            }
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
        let weighted =
            Metrics::weighted_mean([(3.0, &of(&[("kl", 1.0), ("entropy", 2.0)])), (1.0, &of(&[("kl", 5.0)]))]);
        assert_eq!(weighted, of(&[("kl", 2.0), ("entropy", 2.0)]));
        assert_eq!(Metrics::mean(&[]), Metrics::default());
    }
}
