use super::PolicyTokens;
use super::clip_range::Clipped;
use super::ratio::sum_of_row;
use crate::{Mean, Over, Result};
use tch::{Device, Kind, Tensor};

/// Metrics of a policy-gradient loss, as TRL computes them. A metric that the loss does not have is `None`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PolicyStatistics {
    /// `kl`: the estimate of the KL divergence from the reference model as it is in the loss, over tokens, in nats.
    pub kl: Option<Mean>,
    /// `clip_ratio/low_mean`: the fraction of ratios below the range with a negative advantage.
    pub clip_low: Option<Mean>,
    /// `clip_ratio/high_mean`: the fraction of ratios above the range with a positive advantage.
    pub clip_high: Option<Mean>,
    /// `clip_ratio/region_mean`: the fraction of both.
    pub clip_region: Option<Mean>,
    /// `clip_ratio/low_min`: the smallest fraction below the range in a completion.
    pub clip_low_min: Option<f64>,
    /// `clip_ratio/high_max`: the largest fraction above the range in a completion.
    pub clip_high_max: Option<f64>,
    /// `cispo_clip_ratio`: the fraction of ratios above CISPO's cap with a positive advantage.
    pub cispo_clip: Option<Mean>,
    /// `vespo/phi_seq_mean`: the mean weight of VESPO.
    pub vespo_phi: Option<Mean>,
}

impl PolicyStatistics {
    /// The statistics of all completions of several batches.
    #[must_use]
    pub fn combine(all: &[Self]) -> Self {
        let mean = |of: fn(&Self) -> Option<Mean>| Mean::combine(all.iter().filter_map(of));
        let values = |of: fn(&Self) -> Option<f64>| all.iter().filter_map(of);
        Self {
            kl: mean(|s| s.kl),
            clip_low: mean(|s| s.clip_low),
            clip_high: mean(|s| s.clip_high),
            clip_region: mean(|s| s.clip_region),
            clip_low_min: values(|s| s.clip_low_min).reduce(f64::min),
            clip_high_max: values(|s| s.clip_high_max).reduce(f64::max),
            cispo_clip: mean(|s| s.cispo_clip),
            vespo_phi: mean(|s| s.vespo_phi),
        }
    }

    /// The names and values of the means.
    pub fn means(&self) -> impl Iterator<Item = (&'static str, Mean)> {
        [
            ("kl", self.kl),
            ("clip_ratio/low_mean", self.clip_low),
            ("clip_ratio/high_mean", self.clip_high),
            ("clip_ratio/region_mean", self.clip_region),
            ("cispo_clip_ratio", self.cispo_clip),
            ("vespo/phi_seq_mean", self.vespo_phi),
        ]
        .into_iter()
        .filter_map(|(name, mean)| Some((name, mean?)))
    }

    /// Sets the fractions of clipped ratios, which are one number per token or per completion.
    pub(super) fn set_clipped(&mut self, tokens: &PolicyTokens, clipped: &Clipped, each: Over) -> Result<()> {
        self.clip_low = Some(mean(tokens, &clipped.low, each)?);
        self.clip_high = Some(mean(tokens, &clipped.high, each)?);
        self.clip_region = Some(mean(tokens, &clipped.low.f_logical_or(&clipped.high)?, each)?);
        self.clip_low_min = row_means(tokens, &clipped.low, each)?.into_iter().reduce(f64::min);
        self.clip_high_max = row_means(tokens, &clipped.high, each)?.into_iter().reduce(f64::max);
        Ok(())
    }
}

/// The mean of values `(rows, seq)` over tokens, or of values `(rows, 1)` over completions.
pub(super) fn mean(tokens: &PolicyTokens, x: &Tensor, each: Over) -> Result<Mean> {
    let x = x.f_to_kind(Kind::Double)?;
    let (sum, count) = match each {
        Over::Tokens => (x.f_mul(&tokens.mask)?.f_sum(Kind::Double)?, tokens.count()?),
        _ => (x.f_sum(Kind::Double)?, tokens.rows() as f64),
    };
    Ok(Mean { value: sum.f_double_value(&[])? / count.max(1.0), over: each, count })
}

/// The mean of each completion that has tokens; values `(rows, 1)` as they are.
fn row_means(tokens: &PolicyTokens, x: &Tensor, each: Over) -> Result<Vec<f64>> {
    let x = x.f_to_kind(Kind::Double)?;
    if each != Over::Tokens {
        return numbers(&x);
    }
    let counts = numbers(&sum_of_row(&tokens.mask)?)?;
    let sums = numbers(&sum_of_row(&x.f_mul(&tokens.mask)?)?)?;
    Ok(sums.into_iter().zip(counts).filter(|(_, count)| *count > 0.0).map(|(sum, count)| sum / count).collect())
}

fn numbers(x: &Tensor) -> Result<Vec<f64>> {
    Ok(Vec::try_from(x.f_to_kind(Kind::Double)?.f_to_device(Device::Cpu)?.f_reshape([-1])?)?)
}
