use super::BuiltinLoss;
use super::clamped_square::{square, square_derivative};
use crate::{LossInfo, LossOption, Method, Result, SurrogateLoss, check};
use tch::Tensor;

pub(super) static LOSS: BuiltinLoss = BuiltinLoss {
    info: LossInfo {
        method: Method { name: "GPO", paper: "https://arxiv.org/abs/2402.05749" },
        help: "GPO's squared loss: the squared distance of the reward margin from 1",
        formula: "(1 − β m)²",
        options: &[LossOption::Divergence, LossOption::LengthAlpha, LossOption::SoftLabels, LossOption::OdpoAlpha],
        ..LossInfo::DEFAULT
    },
    build: |options| options.margin_loss(Squared),
};

/// Squared, of generalised preference optimisation (GPO, table 1 of arXiv:2402.05749): `(1 - x)²` with `x = β · margin`; `β²` times IPO's loss for half its `beta`.
///
/// Regresses every reward margin to 1. With a larger `beta` the target margin of log-ratios is smaller. Distances are clamped to at most 1e16,
/// which only exponential scores reach.
///
/// ```
/// let loss = align_losses::squared(&tch::Tensor::from_slice(&[0.0f64, 10.0, 20.0]), 0.1)?;
/// assert_eq!(loss, tch::Tensor::from_slice(&[1.0f64, 0.0, 1.0]));
/// # Ok::<(), align_losses::Error>(())
/// ```
///
/// # Errors
/// Margins that are not floating-point, or a `beta` that is not a finite number above 0.
pub fn squared(margin: &Tensor, beta: f64) -> Result<Tensor> {
    check::margin(margin, beta)?;
    square(&(beta * margin - 1.0))
}

/// [`squared`] as a [`SurrogateLoss`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Squared;

impl SurrogateLoss for Squared {
    fn loss(&self, margin: &Tensor, beta: f64) -> Result<Tensor> {
        squared(margin, beta)
    }

    /// `-2β (1 - x)`.
    fn derivative(&self, margin: &Tensor, beta: f64) -> Result<Option<Tensor>> {
        let x = margin.f_mul_scalar(beta)?;
        Ok(Some(square_derivative(&x.f_sub_scalar(1.0)?)?.f_mul_scalar_(beta)?))
    }
}
