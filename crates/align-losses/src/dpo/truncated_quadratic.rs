use super::BuiltinLoss;
use super::clamped_square::{square, square_derivative};
use crate::{LossInfo, LossOption, Method, Result, SurrogateLoss, check};
use tch::Tensor;

pub(super) static LOSS: BuiltinLoss = BuiltinLoss {
    info: LossInfo {
        method: Method { name: "GPO", paper: "https://arxiv.org/abs/2402.05749" },
        help: "GPO's squared hinge loss: the gradient decreases to 0 at a reward margin of 1",
        formula: "max(0, 1 − β m)²",
        options: &[LossOption::Divergence, LossOption::LengthAlpha, LossOption::SoftLabels, LossOption::OdpoAlpha],
        ..LossInfo::DEFAULT
    },
    build: |options| options.margin_loss(TruncatedQuadratic),
};

/// Truncated quadratic: `max(0, 1 - x)²` with `x = β · margin`; the squared hinge (GPO, table 1 of arXiv:2402.05749).
///
/// Like with [`hinge`](crate::hinge), pairs with a reward margin above 1 have no gradient. Unlike with it, the gradient is continuous. Clamped
/// like [`squared`](crate::squared).
///
/// ```
/// let loss = align_losses::truncated_quadratic(&tch::Tensor::from_slice(&[0.0f64, -10.0, 20.0]), 0.1)?;
/// assert_eq!(loss, tch::Tensor::from_slice(&[1.0f64, 4.0, 0.0]));
/// # Ok::<(), align_losses::Error>(())
/// ```
///
/// # Errors
/// Those of [`squared`](crate::squared).
pub fn truncated_quadratic(margin: &Tensor, beta: f64) -> Result<Tensor> {
    check::margin(margin, beta)?;
    square(&(-(beta * margin - 1.0)).relu())
}

/// [`truncated_quadratic`] as a [`SurrogateLoss`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TruncatedQuadratic;

impl SurrogateLoss for TruncatedQuadratic {
    fn loss(&self, margin: &Tensor, beta: f64) -> Result<Tensor> {
        truncated_quadratic(margin, beta)
    }

    /// `-2β max(0, 1 - x)`.
    fn derivative(&self, margin: &Tensor, beta: f64) -> Result<Option<Tensor>> {
        let excess = margin.f_mul_scalar(beta)?.f_sub_scalar_(1.0)?.f_clamp_max_(0.0)?;
        Ok(Some(square_derivative(&excess)?.f_mul_scalar_(beta)?))
    }
}
