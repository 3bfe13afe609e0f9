use super::BuiltinLoss;
use crate::{LossInfo, LossOption, Method, Result, SurrogateLoss, check};
use tch::Tensor;

pub(super) static LOSS: BuiltinLoss = BuiltinLoss {
    info: LossInfo {
        method: Method { name: "GPO", paper: "https://arxiv.org/abs/2402.05749" },
        help: "GPO's exponential loss, for clean labels: misranked pairs have the largest weight",
        formula: "exp(−β m)",
        options: &[LossOption::Divergence, LossOption::LengthAlpha, LossOption::SoftLabels, LossOption::OdpoAlpha],
        ..LossInfo::DEFAULT
    },
    build: |options| options.margin_loss(Exponential),
};

/// Largest exponent: `exp(40)` is 2.4e17.
pub(super) const MAX_EXPONENT: f64 = 40.0;

/// Exponential: `exp(-x)` with `x = β · margin`; AdaBoost's loss (GPO, table 1 of arXiv:2402.05749).
///
/// Penalises misranked pairs more than any other loss, so it needs clean labels. Exponents are clamped to at most 40 (`exp(40)` is 2.4e17),
/// beyond which the gradient is 0. So the loss is finite for exponential scores too.
///
/// ```
/// let loss = align_losses::exponential(&tch::Tensor::from_slice(&[0.0f64, -1e4]), 0.1)?;
/// assert_eq!(loss.double_value(&[0]), 1.0);
/// assert!((loss.double_value(&[1]) / 40f64.exp() - 1.0).abs() < 1e-12);
/// # Ok::<(), align_losses::Error>(())
/// ```
///
/// # Errors
/// Those of [`squared`](crate::squared).
pub fn exponential(margin: &Tensor, beta: f64) -> Result<Tensor> {
    check::margin(margin, beta)?;
    Ok((-beta * margin).clamp_max(MAX_EXPONENT).exp())
}

/// [`exponential`] as a [`SurrogateLoss`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Exponential;

impl SurrogateLoss for Exponential {
    fn loss(&self, margin: &Tensor, beta: f64) -> Result<Tensor> {
        exponential(margin, beta)
    }

    /// `-β exp(-x)`, 0 where the exponent is clamped.
    fn derivative(&self, margin: &Tensor, beta: f64) -> Result<Option<Tensor>> {
        let exponent = margin.f_mul_scalar(-beta)?;
        let clamped = exponent.f_gt(MAX_EXPONENT)?;
        let mut exponential = exponent.f_clamp_max(MAX_EXPONENT)?.f_exp_()?;
        Ok(Some(exponential.f_masked_fill_(&clamped, 0.0)?.f_mul_scalar_(-beta)?))
    }
}
