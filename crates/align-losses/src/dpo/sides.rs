//! Losses that judge each side of a pair by its own log-ratio `h = log π - log π_ref`, not by the margin alone: they can
//! hold the chosen completion's probability up while the margin grows.

use crate::{Pair, PairLogps, PairLoss, Result, check};
use std::fmt;
use tch::Tensor;

/// A loss of both sides' log-ratios and `beta`.
pub(super) struct SideLoss {
    /// The formula.
    pub loss: fn(&Pair<Tensor>, f64) -> Result<Tensor>,
    /// Its derivatives by the log-ratios, times the last argument: what LibTorch's graph would find, at a fraction of its time.
    pub slopes: fn(&Pair<Tensor>, f64, f64) -> Result<Pair<Tensor>>,
    pub beta: f64,
}

impl fmt::Debug for SideLoss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SideLoss").field("beta", &self.beta).finish_non_exhaustive()
    }
}

impl PairLoss for SideLoss {
    fn losses(&self, logps: &PairLogps) -> Result<Tensor> {
        (self.loss)(logps.log_ratios(), self.beta)
    }

    fn beta(&self) -> f64 {
        self.beta
    }

    fn losses_and_slopes(&self, logps: &PairLogps, scale: f64) -> Result<Option<(Tensor, Pair<Tensor>)>> {
        let log_ratios = logps.log_ratios();
        Ok(Some(((self.loss)(log_ratios, self.beta)?, (self.slopes)(log_ratios, self.beta, scale)?)))
    }
}

/// The rewards `β h`.
pub(super) fn rewards(log_ratios: &Pair<Tensor>, beta: f64) -> Result<Pair<Tensor>> {
    checked(log_ratios, beta)?;
    Ok(log_ratios.as_ref().map(|h| beta * h))
}

/// Refuses log-ratios and strengths that no formula takes.
pub(super) fn checked(log_ratios: &Pair<Tensor>, beta: f64) -> Result<()> {
    check::sides("log_ratios.chosen", "log_ratios.rejected", log_ratios)?;
    check::beta(beta)
}

/// `σ(factor · h)`.
pub(super) fn sigma(h: &Tensor, factor: f64) -> Result<Tensor> {
    Ok(h.f_mul_scalar(factor)?.f_sigmoid_()?)
}

/// `σ'(β h) = σ(β h) σ(-β h)`, to its last digit at both ends.
pub(super) fn bump(h: &Tensor, beta: f64) -> Result<Tensor> {
    Ok(sigma(h, beta)?.f_mul_(&sigma(h, -beta)?)?)
}
