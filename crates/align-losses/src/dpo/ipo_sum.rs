use super::BuiltinLoss;
use super::clamped_square::{square, square_derivative};
use crate::{LossInfo, LossOption, Method, Result, SurrogateLoss, check};
use tch::Tensor;

pub(super) static LOSS: BuiltinLoss = BuiltinLoss {
    info: LossInfo {
        method: Method { name: "IPO", paper: "https://arxiv.org/abs/2310.12036" },
        help: "IPO on summed log-ratios, as in eq. 17 of its paper: the squared distance of the margin from 1 / (2 beta)",
        formula: "(m − 1/(2β))²",
        options: &[LossOption::Divergence, LossOption::LengthAlpha, LossOption::SoftLabels, LossOption::OdpoAlpha],
        ..LossInfo::DEFAULT
    },
    build: |options| options.margin_loss(Ipo),
};

/// IPO on summed scores: `(margin - 1 / (2β))²` (eq. 17 of arXiv:2310.12036).
///
/// The form in the paper. Margins grow with the lengths of the completions, so it needs a smaller `beta` (the paper's τ) than
/// [`ipo`](crate::ipo), or completions of equal length. Distances are clamped to at most 1e16, which only exponential scores reach.
///
/// ```
/// let loss = align_losses::ipo_sum(&tch::Tensor::from_slice(&[0.0f64, 5.0]), 0.1)?;
/// assert_eq!(loss, tch::Tensor::from_slice(&[25.0f64, 0.0]));
/// # Ok::<(), align_losses::Error>(())
/// ```
///
/// # Errors
/// Those of [`sigmoid`](crate::sigmoid).
pub fn ipo_sum(margin: &Tensor, beta: f64) -> Result<Tensor> {
    check::margin(margin, beta)?;
    square(&(margin - 1.0 / (2.0 * beta)))
}

/// [`ipo_sum`] as a [`SurrogateLoss`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ipo;

impl SurrogateLoss for Ipo {
    fn loss(&self, margin: &Tensor, beta: f64) -> Result<Tensor> {
        ipo_sum(margin, beta)
    }

    /// `2 (m - 1 / 2β)`.
    fn derivative(&self, margin: &Tensor, beta: f64) -> Result<Option<Tensor>> {
        Ok(Some(square_derivative(&margin.f_sub_scalar(0.5 / beta)?)?))
    }
}
