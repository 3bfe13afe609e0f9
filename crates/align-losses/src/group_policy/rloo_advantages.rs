use super::moments::{EPSILON, mean, std};
use super::rewards::{GroupRewards, check_numbers, check_range};
use crate::{Result, check};
use serde::{Deserialize, Serialize};

/// The hyper-parameters of RLOO's advantages, under the names and with the defaults of TRL's `RLOOConfig`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RlooAdvantageOptions {
    /// The weight of the KL divergence from the reference model in the reward; 0 for none.
    pub beta: f64,
    /// The range that rewards are clipped to before the divergence is subtracted; no limits by default.
    pub reward_clip_range: Option<(f64, f64)>,
    /// Whether the advantages of a batch are normalised to mean 0 and standard deviation 1.
    pub normalize_advantages: bool,
}

impl Default for RlooAdvantageOptions {
    /// `beta` 0.05.
    fn default() -> Self {
        Self { beta: 0.05, reward_clip_range: None, normalize_advantages: false }
    }
}

impl RlooAdvantageOptions {
    /// Checks the options. [`rloo_advantages`] calls it.
    ///
    /// # Errors
    /// A `beta` that is not a finite number of at least 0, or a range that is empty or not finite.
    pub fn validate(&self) -> Result<()> {
        check::at_least_zero("beta", self.beta)?;
        self.reward_clip_range.map_or(Ok(()), check_range)
    }
}

/// RLOO's advantage of each completion: its reward minus the mean reward of the other completions of its group (arXiv:2402.14740). The
/// reward is clipped, and `beta` times the KL divergence is subtracted from it. Without a reward, or without another completion that has
/// one, the advantage is 0.
///
/// * `kl`: the sum over each completion's tokens of `log π_old - log π_ref`, in nats; used if `beta` is above 0.
///
/// ```
/// use align_losses::{GroupRewards, RlooAdvantageOptions, rloo_advantages};
/// let rewards = GroupRewards::new(3, vec![("reward".into(), 1.0, vec![Some(3.0), Some(1.0), Some(2.0)])])?;
/// let options = RlooAdvantageOptions { beta: 0.5, ..Default::default() };
/// assert_eq!(rloo_advantages(&rewards, &[2.0, 0.0, 0.0], &options)?, [0.5, -1.0, 0.5]);
/// # Ok::<(), align_losses::Error>(())
/// ```
///
/// # Errors
/// Options out of range, or with a `beta` above 0 a number of divergences that differs from that of the rewards, or one that is not finite.
pub fn rloo_advantages(rewards: &GroupRewards, kl: &[f64], options: &RlooAdvantageOptions) -> Result<Vec<f64>> {
    options.validate()?;
    let mut values = rewards.combined();
    if let Some((low, high)) = options.reward_clip_range {
        values.iter_mut().flatten().for_each(|reward| *reward = reward.clamp(low, high));
    }
    if options.beta > 0.0 {
        check_numbers("KL divergences", kl, values.len())?;
        for (reward, kl) in values.iter_mut().zip(kl) {
            *reward = reward.map(|reward| reward - options.beta * kl);
        }
    }
    let mut advantages: Vec<Option<f64>> = values.chunks(rewards.group_size()).flat_map(leave_one_out).collect();
    if options.normalize_advantages {
        let (mean, std) = (mean(&advantages), std(&advantages));
        for advantage in &mut advantages {
            *advantage = (|| Some(((*advantage)? - mean?) / (std? + EPSILON)))();
        }
    }
    Ok(advantages.into_iter().map(|advantage| advantage.unwrap_or(0.0)).collect())
}

/// Each reward of a group minus the mean of the others; `None` if it or all others are missing.
fn leave_one_out(group: &[Option<f64>]) -> impl Iterator<Item = Option<f64>> {
    let (sum, count) = (group.iter().flatten().sum::<f64>(), group.iter().flatten().count());
    group.iter().map(move |reward| {
        let reward = (*reward)?;
        let others = count.checked_sub(1).filter(|others| *others > 0)?;
        Some(reward - (sum - reward) / others as f64)
    })
}
