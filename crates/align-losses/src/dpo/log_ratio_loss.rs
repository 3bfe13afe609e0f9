//! Losses that depend on the log-ratio `h = log π - log π_ref` of each side and not only on the margin. They can keep the chosen completion
//! likely while the margin grows.

use crate::{Pair, PairLogps, PairLoss, Result, check};
use std::fmt;
use tch::Tensor;

/// A loss that is a function of both log-ratios and `beta`.
pub(super) struct LogRatioLoss {
    /// The formula.
    pub loss: fn(&Pair<Tensor>, f64) -> Result<Tensor>,
    /// The gradient with respect to the log-ratios, times the last argument. A closed form, which is much faster than autograd.
    pub gradient: fn(&Pair<Tensor>, f64, f64) -> Result<Pair<Tensor>>,
    pub beta: f64,
}

impl fmt::Debug for LogRatioLoss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogRatioLoss").field("beta", &self.beta).finish_non_exhaustive()
    }
}

impl PairLoss for LogRatioLoss {
    fn losses(&self, logps: &PairLogps) -> Result<Tensor> {
        (self.loss)(logps.log_ratios(), self.beta)
    }

    fn beta(&self) -> f64 {
        self.beta
    }

    fn couples_batch(&self) -> bool {
        false
    }

    fn losses_and_gradients(&self, logps: &PairLogps, scale: f64) -> Result<Option<(Tensor, Pair<Tensor>)>> {
        let log_ratios = logps.log_ratios();
        Ok(Some(((self.loss)(log_ratios, self.beta)?, (self.gradient)(log_ratios, self.beta, scale)?)))
    }
}

/// The rewards `β h`.
pub(super) fn rewards(log_ratios: &Pair<Tensor>, beta: f64) -> Result<Pair<Tensor>> {
    check_log_ratios(log_ratios, beta)?;
    Ok(log_ratios.as_ref().map(|h| beta * h))
}

/// Checks the arguments that all formulas have in common.
pub(super) fn check_log_ratios(log_ratios: &Pair<Tensor>, beta: f64) -> Result<()> {
    check::sides("log_ratios.chosen", "log_ratios.rejected", log_ratios)?;
    check::beta(beta)
}

/// `σ(factor · h)`.
pub(super) fn scaled_sigmoid(h: &Tensor, factor: f64) -> Result<Tensor> {
    Ok(h.f_mul_scalar(factor)?.f_sigmoid_()?)
}

/// `σ'(β h) = σ(β h) σ(-β h)`, in full precision at both tails.
pub(super) fn sigmoid_derivative(h: &Tensor, beta: f64) -> Result<Tensor> {
    Ok(scaled_sigmoid(h, beta)?.f_mul_(&scaled_sigmoid(h, -beta)?)?)
}
