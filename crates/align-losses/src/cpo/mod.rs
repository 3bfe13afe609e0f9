//! Preference losses without a reference model: of the policy's own log-probabilities.
//!
//! Each is the preference term alone. A trainer adds the likelihood of the chosen completion, which holds its probability up.
//! A loss is a file, as in [`dpo`](crate::LossType).

mod hinge;
mod ipo;
mod orpo;
mod sigmoid;
mod simpo;
mod slic_hf;

use crate::{LossInfo, Pair, Result, loss_info::loss_types};
use tch::Tensor;

/// A loss of the family.
struct Formula {
    info: LossInfo,
    evaluate: fn(&PolicyLogps, &CpoOptions) -> Result<CpoOutput>,
}

loss_types! {
    /// The preference term without a reference, under TRL's names.
    pub enum CpoLossType: Formula {
        /// [`cpo`](crate::cpo): DPO's loss with a uniform reference.
        #[default]
        Sigmoid = sigmoid,
        /// [`hinge`](crate::hinge) of the log-probabilities' margin.
        Hinge = hinge,
        /// IPO's squared distance on the mean token's log-probabilities.
        Ipo = ipo,
        /// [`simpo`](crate::simpo), and with `alpha` [`alpha_po`](crate::alpha_po).
        Simpo = simpo,
        /// [`orpo_odds_ratio`](crate::orpo_odds_ratio), beside the likelihood of prompt and chosen completion.
        Orpo = orpo,
        /// [`slic_hf`](crate::slic_hf).
        SlicHf = slic_hf,
    }
}

/// The options of a [`CpoLossType`], under TRL's names.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CpoOptions {
    /// How steeply the loss answers to a margin.
    pub beta: f64,
    /// The share of labels taken to be wrong, below 0.5.
    pub label_smoothing: f64,
    /// The target margin of [`simpo`](crate::simpo); 0.5 unless given.
    pub simpo_gamma: Option<f64>,
    /// The shape of [`alpha_po`](crate::alpha_po)'s reward; 0, the logarithm, unless given.
    pub alpha: Option<f64>,
    /// The margin of [`slic_hf`](crate::slic_hf); 1 unless given.
    pub slic_delta: Option<f64>,
}

/// A policy's log-probabilities of pairs, as a loss of the family takes them.
struct PolicyLogps<'a> {
    /// Summed over each completion's tokens, each `(batch,)`.
    summed: &'a Pair<Tensor>,
    /// Each completion's number of tokens, each `(batch,)`.
    tokens: &'a Pair<Tensor>,
    /// Summed, or the mean over the tokens where the loss is length-normalised, each `(batch,)`.
    judged: Pair<Tensor>,
}

/// What a loss without a reference gives for a batch of pairs.
#[derive(Debug)]
pub struct CpoOutput {
    /// The loss of each pair, `(batch,)`; differentiable.
    pub losses: Tensor,
    /// What it takes as each side's log-probability: summed, or a token's mean. Each `(batch,)`, without a graph.
    pub logps: Pair<Tensor>,
    /// What it takes as each side's reward, each `(batch,)`, without a graph.
    pub rewards: Pair<Tensor>,
    /// The loss's own metrics ([`LossInfo::metrics`]), each `(batch,)`, without a graph.
    pub metrics: Vec<(&'static str, Tensor)>,
}

impl PolicyLogps<'_> {
    /// Losses with the usual rewards, `β` times the log-probability.
    fn output(&self, losses: Tensor, options: &CpoOptions) -> Result<CpoOutput> {
        let logps = self.judged.as_ref().try_map(|logp| logp.f_detach())?;
        let rewards = logps.as_ref().try_map(|logp| logp.f_mul_scalar(options.beta))?;
        Ok(CpoOutput { losses, logps, rewards, metrics: Vec::new() })
    }
}

impl CpoLossType {
    /// The loss of each pair and what it says of the policy.
    ///
    /// * `logps`: summed over each completion's tokens, each `(batch,)`; differentiable.
    /// * `tokens`: each completion's number of tokens, each `(batch,)`, floating-point.
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
        let judged = match self.info().length_normalised {
            true => logps.as_ref().zip(tokens.as_ref()).try_map(|(logp, count)| logp.f_div(count))?,
            false => logps.as_ref().map(Tensor::shallow_clone),
        };
        (self.formula().evaluate)(&PolicyLogps { summed: logps, tokens, judged }, options)
    }
}
