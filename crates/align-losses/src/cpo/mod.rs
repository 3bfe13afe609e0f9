//! Preference losses without a reference model, computed from the policy's log-probabilities only.
//!
//! Each is only the preference term. A trainer adds the negative log-likelihood of the chosen completion.
//! Each loss is a file, as in [`dpo`](crate::LossType).

mod hinge;
mod ipo;
mod orpo;
mod sigmoid;
mod simpo;
mod slic_hf;

use crate::{LossInfo, Pair, Result, loss_info::loss_types};
use tch::Tensor;

/// A loss of the family.
struct BuiltinLoss {
    info: LossInfo,
    evaluate: fn(&PolicyLogps, &CpoOptions) -> Result<CpoOutput>,
}

loss_types! {
    /// The preference term without a reference, under TRL's names.
    pub enum CpoLossType: BuiltinLoss {
        /// [`cpo`](crate::cpo): DPO's loss with a uniform reference.
        #[default]
        Sigmoid = sigmoid,
        /// [`hinge`](crate::hinge) of the log-probabilities' margin.
        Hinge = hinge,
        /// IPO's squared distance on mean log-probabilities per token.
        Ipo = ipo,
        /// [`simpo`](crate::simpo), and with `alpha` [`alpha_po`](crate::alpha_po).
        Simpo = simpo,
        /// [`orpo_odds_ratio`](crate::orpo_odds_ratio), to be added to the negative log-likelihood of prompt and chosen completion.
        Orpo = orpo,
        /// [`slic_hf`](crate::slic_hf).
        SlicHf = slic_hf,
    }
}

/// The options of a [`CpoLossType`], under TRL's names.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CpoOptions {
    /// The scale of the rewards.
    pub beta: f64,
    /// The assumed fraction of wrong labels, below 0.5.
    pub label_smoothing: f64,
    /// The target margin of [`simpo`](crate::simpo); 0.5 unless given.
    pub simpo_gamma: Option<f64>,
    /// The shape of [`alpha_po`](crate::alpha_po)'s reward; 0, the logarithm, unless given.
    pub alpha: Option<f64>,
    /// The margin of [`slic_hf`](crate::slic_hf); 1 unless given.
    pub slic_delta: Option<f64>,
}

/// A policy's log-probabilities of pairs.
struct PolicyLogps<'a> {
    /// Summed over the tokens of each completion, each `(batch,)`.
    summed: &'a Pair<Tensor>,
    /// The number of tokens of each completion, each `(batch,)`.
    tokens: &'a Pair<Tensor>,
    /// The log-probabilities in the loss, each `(batch,)`: means per token if the loss is length-normalised, otherwise sums.
    in_loss: Pair<Tensor>,
}

/// The result of a loss without a reference model for a batch of pairs.
#[derive(Debug)]
pub struct CpoOutput {
    /// The loss of each pair, `(batch,)`; differentiable.
    pub losses: Tensor,
    /// The log-probabilities in the loss: sums, or means per token. Each `(batch,)`, without a graph.
    pub logps: Pair<Tensor>,
    /// The implicit rewards, each `(batch,)`, without a graph.
    pub rewards: Pair<Tensor>,
    /// The loss's own metrics ([`LossInfo::metrics`]), each `(batch,)`, without a graph.
    pub metrics: Vec<(&'static str, Tensor)>,
}

impl PolicyLogps<'_> {
    /// Losses with the usual rewards, `β` times the log-probability.
    fn output(&self, losses: Tensor, options: &CpoOptions) -> Result<CpoOutput> {
        let logps = self.in_loss.as_ref().try_map(|logp| logp.f_detach())?;
        let rewards = logps.as_ref().try_map(|logp| logp.f_mul_scalar(options.beta))?;
        Ok(CpoOutput { losses, logps, rewards, metrics: Vec::new() })
    }
}

impl CpoLossType {
    /// The loss of each pair, with rewards and metrics.
    ///
    /// * `logps`: summed over the tokens of each completion, each `(batch,)`; differentiable.
    /// * `tokens`: the number of tokens of each completion, each `(batch,)`, floating-point.
    ///
    /// ```
    /// use {align_losses::{CpoLossType, CpoOptions, Pair}, tch::Tensor};
    /// let logps = Pair { chosen: Tensor::from_slice(&[-12.0f64]), rejected: Tensor::from_slice(&[-15.0f64]) };
    /// let tokens = logps.as_ref().map(|x| x.full_like(4.0));
    /// let options = CpoOptions { beta: 0.1, label_smoothing: 0.0, simpo_gamma: None, alpha: None, slic_delta: None };
    /// let output = CpoLossType::Hinge.evaluate(&logps, &tokens, &options)?;
    /// assert!((output.losses.double_value(&[0]) - 0.7).abs() < 1e-12); // 1 - 0.1 (-12 + 15)
    /// # Ok::<(), align_losses::Error>(())
    /// ```
    ///
    /// # Errors
    /// Sides that are not floating-point, shapes that differ, or options outside their range.
    pub fn evaluate(self, logps: &Pair<Tensor>, tokens: &Pair<Tensor>, options: &CpoOptions) -> Result<CpoOutput> {
        let in_loss = match self.info().length_normalised {
            true => logps.as_ref().zip(tokens.as_ref()).try_map(|(logp, count)| logp.f_div(count))?,
            false => logps.as_ref().map(Tensor::shallow_clone),
        };
        (self.builtin().evaluate)(&PolicyLogps { summed: logps, tokens, in_loss }, options)
    }
}
