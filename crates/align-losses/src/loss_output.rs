use crate::{ImplicitRewards, PairLogps, Result};
use std::ops::Deref;
use tch::Tensor;

/// The result of a [`PairLoss`](crate::PairLoss) for a batch of pairs. Dereferences to the [`ImplicitRewards`] of the pairs.
#[derive(Debug)]
pub struct LossOutput {
    /// The loss of each pair, `(batch,)`.
    pub losses: Tensor,
    rewards: ImplicitRewards,
}

impl LossOutput {
    pub(crate) fn new(losses: Tensor, logps: &PairLogps, beta: f64) -> Result<Self> {
        Ok(Self { losses, rewards: logps.implicit_rewards(beta)? })
    }
}

impl Deref for LossOutput {
    type Target = ImplicitRewards;

    fn deref(&self) -> &ImplicitRewards {
        &self.rewards
    }
}
