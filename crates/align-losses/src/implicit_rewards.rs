use crate::{Pair, PairLogps, Result};
use tch::{Kind, Tensor};

/// The implicit rewards of a policy, and diagnostics that are computed from them. They do not depend on the loss.
#[derive(Debug)]
pub struct ImplicitRewards {
    /// `log π - log π_ref` of each completion, each `(batch,)`, without a graph.
    pub log_ratios: Pair<Tensor>,
    beta: f64,
}

impl PairLogps {
    /// The implicit rewards for the `beta` of a loss.
    ///
    /// # Errors
    /// LibTorch errors only.
    pub fn implicit_rewards(&self, beta: f64) -> Result<ImplicitRewards> {
        Ok(ImplicitRewards { log_ratios: self.log_ratios().as_ref().try_map(|h| h.f_detach())?, beta })
    }
}

impl ImplicitRewards {
    /// The implicit rewards `β (log π - log π_ref)`, each `(batch,)`. They do not depend on the divergence.
    pub fn rewards(&self) -> Pair<Tensor> {
        self.log_ratios.as_ref().map(|h| self.beta * h)
    }

    /// The chosen reward minus the rejected reward of each pair, `(batch,)`.
    pub fn margins(&self) -> Tensor {
        self.beta * (&self.log_ratios.chosen - &self.log_ratios.rejected)
    }

    /// 1 for each pair whose chosen reward exceeds the rejected one, otherwise (including ties) 0: float32, `(batch,)`.
    pub fn accuracies(&self) -> Tensor {
        self.log_ratios.chosen.gt_tensor(&self.log_ratios.rejected).to_kind(Kind::Float)
    }

    /// Likelihood displacement (arXiv:2410.08847): 1 for each pair with a positive margin, `h_chosen > h_rejected`, whose chosen completion
    /// became *less* likely, `h_chosen < 0`; otherwise 0: float32, `(batch,)`.
    ///
    /// Such pairs reduce a loss on margins although the policy makes the preferred texts less likely. If their fraction increases during
    /// training, use a loss that keeps the chosen completions likely: [`dpop`](crate::dpop), [`cal_dpo`](crate::cal_dpo),
    /// [`nca_pair`](crate::nca_pair), or add `sft` in a [`WeightedSum`](crate::WeightedSum).
    pub fn likelihood_displacement(&self) -> Tensor {
        let Pair { chosen, rejected } = &self.log_ratios;
        chosen.lt(0.0).logical_and(&chosen.gt_tensor(rejected)).to_kind(Kind::Float)
    }
}
