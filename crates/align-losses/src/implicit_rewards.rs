use crate::{Pair, PairLogps, Result};
use tch::{Kind, Tensor};

/// What log-ratios say of a policy's preferences, whatever the loss.
#[derive(Debug)]
pub struct ImplicitRewards {
    /// `log π - log π_ref` of each completion, each `(batch,)`, without a graph.
    pub log_ratios: Pair<Tensor>,
    beta: f64,
}

impl PairLogps {
    /// The rewards that the log-ratios stand for, with a loss's `beta`.
    ///
    /// # Errors
    /// Only what LibTorch refuses.
    pub fn implicit_rewards(&self, beta: f64) -> Result<ImplicitRewards> {
        Ok(ImplicitRewards { log_ratios: self.log_ratios().as_ref().try_map(|h| h.f_detach())?, beta })
    }
}

impl ImplicitRewards {
    /// The implicit rewards `β (log π - log π_ref)`, whatever the divergence, each `(batch,)`.
    pub fn rewards(&self) -> Pair<Tensor> {
        self.log_ratios.as_ref().map(|h| self.beta * h)
    }

    /// By how much each pair's chosen reward exceeds the rejected one, `(batch,)`.
    pub fn margins(&self) -> Tensor {
        self.beta * (&self.log_ratios.chosen - &self.log_ratios.rejected)
    }

    /// 1 for each pair whose chosen reward exceeds the rejected one, else (a tie too) 0: float32, `(batch,)`.
    pub fn accuracies(&self) -> Tensor {
        self.log_ratios.chosen.gt_tensor(&self.log_ratios.rejected).to_kind(Kind::Float)
    }

    /// Likelihood displacement (arXiv:2410.08847): 1 for each pair that the policy tells apart better than the reference,
    /// `h_chosen > h_rejected`, while the chosen completion became *less* likely, `h_chosen < 0`; else 0: float32, `(batch,)`.
    ///
    /// A loss of the margin alone falls in such a batch although the policy unlearns the texts that it should prefer. If the
    /// mean of these rises in training, hold the chosen completions up: [`dpop`](crate::dpop), [`cal_dpo`](crate::cal_dpo),
    /// [`nca_pair`](crate::nca_pair), or `sft` beside the loss in a [`WeightedSum`](crate::WeightedSum).
    pub fn displaced(&self) -> Tensor {
        let Pair { chosen, rejected } = &self.log_ratios;
        chosen.lt(0.0).logical_and(&chosen.gt_tensor(rejected)).to_kind(Kind::Float)
    }
}
