use super::BuiltinLoss;
use crate::{LossInfo, LossOption, Method, Result, SurrogateLoss, check};
use tch::Tensor;

pub(super) static LOSS: BuiltinLoss = BuiltinLoss {
    info: LossInfo {
        method: Method { name: "SLiC's hinge loss on DPO's margin", paper: "https://arxiv.org/abs/2309.06657" },
        help: "SLiC's hinge loss on DPO's margin: pairs with a reward margin above 1 have no gradient",
        formula: "max(0, 1 − β m)",
        options: &[LossOption::Divergence, LossOption::LengthAlpha, LossOption::SoftLabels, LossOption::OdpoAlpha],
        ..LossInfo::DEFAULT
    },
    build: |options| options.margin_loss(Hinge),
};

/// Hinge: `max(0, 1 - β · margin)` (SLiC's loss, arXiv:2305.10425, on DPO's rewards: the "hinge-norm" of
/// RSO, eq. 10 of arXiv:2309.06657).
///
/// Pairs with a reward margin above 1 have no gradient and do not change the policy any more. With a larger `beta` this happens at a smaller
/// margin of log-ratios.
///
/// ```
/// let loss = align_losses::hinge(&tch::Tensor::from_slice(&[0.0f64, 5.0, 20.0]), 0.1)?;
/// assert_eq!(loss, tch::Tensor::from_slice(&[1.0f64, 0.5, 0.0]));
/// # Ok::<(), align_losses::Error>(())
/// ```
///
/// # Errors
/// Those of [`sigmoid`](crate::sigmoid).
pub fn hinge(margin: &Tensor, beta: f64) -> Result<Tensor> {
    check::margin(margin, beta)?;
    Ok(Tensor::relu(&(1.0 - beta * margin)))
}

/// [`hinge`] as a [`SurrogateLoss`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hinge;

impl SurrogateLoss for Hinge {
    fn loss(&self, margin: &Tensor, beta: f64) -> Result<Tensor> {
        hinge(margin, beta)
    }

    /// `-β` where `x < 1`.
    fn derivative(&self, margin: &Tensor, beta: f64) -> Result<Option<Tensor>> {
        let short = margin.f_mul_scalar(beta)?.f_lt(1.0)?;
        Ok(Some(short.f_to_kind(margin.kind())?.f_mul_scalar_(-beta)?))
    }
}
