use super::moments::{is_zero, mean, std};
use crate::{Error, Result, check};

/// The rewards of a batch of completions by several functions, in groups of completions of one prompt.
///
/// Groups come one after the other and have the same size. A function may have no reward for a completion. A completion without any
/// reward gets the advantage 0 and has no influence on that of others.
///
/// ```
/// use align_losses::{GroupRewards, ScaleRewards, grpo_advantages};
/// let short = vec![Some(1.0), Some(0.0), Some(1.0), Some(1.0)];
/// let json = vec![Some(0.5), Some(0.5), None, Some(1.0)];
/// let rewards = GroupRewards::new(2, vec![("short".into(), 1.0, short), ("json".into(), 2.0, json)])?;
/// assert_eq!(rewards.combined(), [Some(2.0), Some(1.0), Some(1.0), Some(3.0)]);
/// let advantages = grpo_advantages(&rewards, ScaleRewards::None, Default::default());
/// assert_eq!(advantages, [0.5, -0.5, -1.0, 1.0]);
/// # Ok::<(), align_losses::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct GroupRewards {
    group: usize,
    functions: Vec<Rewards>,
}

/// The rewards of one function.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Rewards {
    pub name: String,
    pub weight: f64,
    pub values: Vec<Option<f64>>,
}

/// Statistics of rewards, which TRL logs.
#[derive(Debug, Clone, PartialEq)]
pub struct RewardStatistics {
    /// `reward`: the mean of the weighted sums; `None` if no completion has a reward.
    pub reward: Option<f64>,
    /// `reward_std`: their standard deviation; `None` with fewer than two.
    pub reward_std: Option<f64>,
    /// `frac_reward_zero_std`: the fraction of groups whose rewards are equal, from which nothing is learned.
    pub frac_reward_zero_std: f64,
    /// `rewards/NAME/mean` and `rewards/NAME/std`: the name of each function with the mean and the standard deviation of its rewards.
    pub functions: Vec<(String, Option<f64>, Option<f64>)>,
}

impl GroupRewards {
    /// Takes the name, the weight and the rewards of each function. A `group` is the number of completions of a prompt, TRL's
    /// `num_generations`.
    ///
    /// # Errors
    /// No function, numbers of rewards that differ or do not fill groups, or a weight or reward that is not finite.
    pub fn new(group: usize, functions: Vec<(String, f64, Vec<Option<f64>>)>) -> Result<Self> {
        let functions = functions.into_iter().map(|(name, weight, values)| Rewards { name, weight, values });
        let functions: Vec<Rewards> = functions.collect();
        let Some(first) = functions.first() else {
            return Err(Error::RewardCount {
                what: "reward functions".into(),
                expected: "at least 1".into(),
                found: 0,
            });
        };
        let found = first.values.len();
        if group == 0 || found == 0 || !found.is_multiple_of(group) {
            let expected = format!("a multiple of num_generations, which is {group}");
            return Err(Error::RewardCount { what: "completions".into(), expected, found });
        }
        for Rewards { name, weight, values } in &functions {
            if !weight.is_finite() {
                return Err(Error::Hyperparameter {
                    name: "reward_weights",
                    expected: "finite numbers",
                    found: *weight,
                });
            }
            let what = format!("rewards of {name}");
            if values.len() != found {
                return Err(Error::RewardCount { what, expected: found.to_string(), found: values.len() });
            }
            check_finite(&what, values)?;
        }
        Ok(Self { group, functions })
    }

    /// The number of completions of a prompt.
    pub fn group_size(&self) -> usize {
        self.group
    }

    /// The number of completions.
    pub fn len(&self) -> usize {
        self.functions.first().map_or(0, |first| first.values.len())
    }

    /// Whether there are no completions; false for all rewards that [`GroupRewards::new`] takes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn functions(&self) -> &[Rewards] {
        &self.functions
    }

    /// The weighted sum of each completion's rewards; `None` without a reward.
    pub fn combined(&self) -> Vec<Option<f64>> {
        weighted_sums(self.functions.iter().map(|function| (function.weight, function.values.as_slice())), self.len())
    }

    /// The statistics that TRL logs.
    pub fn statistics(&self) -> RewardStatistics {
        let combined = self.combined();
        let groups = combined.chunks(self.group);
        let equal = groups.clone().filter(|group| group.len() < 2 || is_zero(std(group))).count();
        RewardStatistics {
            reward: mean(&combined),
            reward_std: std(&combined),
            frac_reward_zero_std: equal as f64 / groups.len().max(1) as f64,
            functions: self.functions.iter().map(|f| (f.name.clone(), mean(&f.values), std(&f.values))).collect(),
        }
    }
}

/// The weighted sum of the numbers of each completion; `None` if it has none.
pub(super) fn weighted_sums<'a>(
    functions: impl Iterator<Item = (f64, &'a [Option<f64>])>,
    completions: usize,
) -> Vec<Option<f64>> {
    let mut sums = vec![None; completions];
    for (weight, values) in functions {
        for (sum, value) in sums.iter_mut().zip(values) {
            if let Some(value) = value {
                *sum = Some(sum.unwrap_or(0.0) + weight * value);
            }
        }
    }
    sums
}

fn check_finite(what: &str, values: &[Option<f64>]) -> Result<()> {
    let bad = values.iter().enumerate().find_map(|(row, value)| Some((row, (*value)?)).filter(|(_, x)| !x.is_finite()));
    match bad {
        None => Ok(()),
        Some((row, value)) => Err(Error::RewardNotFinite { what: what.to_owned(), completion: row + 1, value }),
    }
}

/// Checks one number for each completion.
pub(super) fn check_numbers(what: &str, values: &[f64], completions: usize) -> Result<()> {
    if values.len() != completions {
        let expected = completions.to_string();
        return Err(Error::RewardCount { what: what.to_owned(), expected, found: values.len() });
    }
    check_finite(what, &values.iter().copied().map(Some).collect::<Vec<_>>())
}

/// Checks the ends of a range.
pub(super) fn check_range((low, high): (f64, f64)) -> Result<()> {
    check::values_in_order("reward_clip_range", low, high)
}
