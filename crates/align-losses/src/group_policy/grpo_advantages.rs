use super::moments::{EPSILON, mean, std};
use super::rewards::{GroupRewards, weighted_sums};
use serde::{Deserialize, Serialize};
use std::fmt;

/// What GRPO divides the rewards by after it has subtracted the mean of their group, under TRL's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ScaleRewards {
    /// The standard deviation of the group.
    #[default]
    Group,
    /// The standard deviation of the batch (PPO Lite, arXiv:2508.08221).
    Batch,
    /// Nothing (Dr. GRPO, arXiv:2503.20783).
    None,
}

impl ScaleRewards {
    /// All ways.
    pub const ALL: [Self; 3] = [Self::Group, Self::Batch, Self::None];

    /// The name in configurations.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Group => "group",
            Self::Batch => "batch",
            Self::None => "none",
        }
    }
}

impl fmt::Display for ScaleRewards {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How the rewards of several functions become one advantage, under TRL's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum MultiObjectiveAggregation {
    /// The weighted sum of the rewards is normalised.
    #[default]
    SumThenNormalize,
    /// The rewards of each function are normalised in their group, and their weighted sum in the batch (GDPO, arXiv:2601.05242).
    NormalizeThenSum,
}

impl MultiObjectiveAggregation {
    /// All ways.
    pub const ALL: [Self; 2] = [Self::SumThenNormalize, Self::NormalizeThenSum];

    /// The name in configurations.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SumThenNormalize => "sum_then_normalize",
            Self::NormalizeThenSum => "normalize_then_sum",
        }
    }
}

impl fmt::Display for MultiObjectiveAggregation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// GRPO's advantage of each completion: its reward minus the mean of its group, divided by a standard deviation plus 1e-4
/// (arXiv:2402.03300). Without a reward the advantage is 0.
///
/// `scale` applies to [`MultiObjectiveAggregation::SumThenNormalize`] only.
///
/// ```
/// use align_losses::{GroupRewards, ScaleRewards, grpo_advantages};
/// let rewards = GroupRewards::new(2, vec![("reward".into(), 1.0, vec![Some(3.0), Some(1.0)])])?;
/// let advantages = grpo_advantages(&rewards, ScaleRewards::Group, Default::default());
/// assert!((advantages[0] - 1.0 / (2f64.sqrt() + 1e-4)).abs() < 1e-12);
/// # Ok::<(), align_losses::Error>(())
/// ```
#[must_use]
pub fn grpo_advantages(
    rewards: &GroupRewards,
    scale: ScaleRewards,
    aggregation: MultiObjectiveAggregation,
) -> Vec<f64> {
    let group = rewards.group_size();
    let advantages = match aggregation {
        MultiObjectiveAggregation::SumThenNormalize => normalised(&rewards.combined(), group, scale),
        MultiObjectiveAggregation::NormalizeThenSum => {
            let each = rewards.functions().iter();
            let each: Vec<_> = each.map(|f| (f.weight, normalised(&f.values, group, ScaleRewards::Group))).collect();
            let sums = weighted_sums(each.iter().map(|(weight, values)| (*weight, values.as_slice())), rewards.len());
            let combined = rewards.combined();
            // A function without spread in a group gives no number; a completion that has a reward then counts as 0.
            let sums = sums.into_iter().zip(combined).map(|(sum, reward)| reward.map(|_| sum.unwrap_or(0.0)));
            let sums: Vec<Option<f64>> = sums.collect();
            let whole = sums.len();
            normalised(&sums, whole, ScaleRewards::Group)
        }
    };
    advantages.into_iter().map(|advantage| advantage.unwrap_or(0.0)).collect()
}

/// Rewards minus the mean of their group, divided by a standard deviation; `None` where one is not defined.
fn normalised(rewards: &[Option<f64>], group: usize, scale: ScaleRewards) -> Vec<Option<f64>> {
    let of_batch = deviation(rewards);
    let groups = rewards.chunks(group.max(1)).flat_map(|group| {
        let (mean, of_group) = (mean(group), deviation(group));
        group.iter().map(move |reward| {
            let centred = (*reward)? - mean?;
            match scale {
                ScaleRewards::None => Some(centred),
                ScaleRewards::Group => Some(centred / (of_group? + EPSILON)),
                ScaleRewards::Batch => Some(centred / (of_batch? + EPSILON)),
            }
        })
    });
    groups.collect()
}

/// The standard deviation; 0 for a single completion, as in TRL.
fn deviation(rewards: &[Option<f64>]) -> Option<f64> {
    if rewards.len() < 2 { Some(0.0) } else { std(rewards) }
}
