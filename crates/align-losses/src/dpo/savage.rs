use super::BuiltinLoss;
use crate::{LossInfo, LossOption, Method, Result, SurrogateLoss, check};
use tch::Tensor;

pub(super) static LOSS: BuiltinLoss = BuiltinLoss {
    info: LossInfo {
        method: Method { name: "GPO", paper: "https://arxiv.org/abs/2402.05749" },
        help: "GPO's bounded Savage loss: pairs with a very negative margin have a small gradient",
        formula: "σ(−β m)²",
        options: &[LossOption::Divergence, LossOption::LengthAlpha, LossOption::SoftLabels, LossOption::OdpoAlpha],
        ..LossInfo::DEFAULT
    },
    build: |options| options.margin_loss(Savage),
};

/// Savage: `σ(-x)²` with `x = β · margin`; bounded, and not convex (GPO, table 1 of arXiv:2402.05749).
///
/// Pairs with a very negative margin have almost no gradient, which makes the loss robust to wrong labels.
///
/// ```
/// let loss = align_losses::savage(&tch::Tensor::from_slice(&[0.0f64]), 0.1)?;
/// assert_eq!(loss, tch::Tensor::from_slice(&[0.25f64]));
/// # Ok::<(), align_losses::Error>(())
/// ```
///
/// # Errors
/// Those of [`squared`](crate::squared).
pub fn savage(margin: &Tensor, beta: f64) -> Result<Tensor> {
    check::margin(margin, beta)?;
    Ok((-beta * margin).sigmoid().square())
}

/// [`savage`] as a [`SurrogateLoss`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Savage;

impl SurrogateLoss for Savage {
    fn loss(&self, margin: &Tensor, beta: f64) -> Result<Tensor> {
        savage(margin, beta)
    }

    /// `-2β σ(-x)² σ(x)`.
    fn derivative(&self, margin: &Tensor, beta: f64) -> Result<Option<Tensor>> {
        let wrong = margin.f_mul_scalar(-beta)?.f_sigmoid_()?;
        let right = wrong.f_neg()?.f_add_scalar_(1.0)?;
        Ok(Some(right.f_mul(&wrong)?.f_mul_(&wrong)?.f_mul_scalar_(-2.0 * beta)?))
    }
}
