use super::BuiltinLoss;
use crate::{LossInfo, LossOption, Method, Result, SurrogateLoss, check};
use tch::Tensor;

pub(super) static LOSS: BuiltinLoss = BuiltinLoss {
    info: LossInfo {
        method: Method { name: "robust DPO", paper: "https://arxiv.org/abs/2403.00409" },
        help: "robust DPO: corrects for a known rate of flipped labels",
        formula: "(−(1−ε) log σ(β m) + ε log σ(−β m)) / (1 − 2ε)",
        options: &[LossOption::LabelSmoothing, LossOption::Divergence, LossOption::LengthAlpha, LossOption::OdpoAlpha],
        ..LossInfo::DEFAULT
    },
    build: |options| options.margin_loss(Robust { label_smoothing: options.label_smoothing }),
};

/// Robust DPO: `(-(1 - ε) log σ(β · margin) + ε log σ(-β · margin)) / (1 - 2ε)` (rDPO, arXiv:2403.00409).
///
/// An unbiased estimate of [`sigmoid`](crate::sigmoid)'s loss on the true labels if a fraction `label_smoothing` = ε of the labels is flipped.
/// With 0 it is that loss. Unlike with [`conservative_sigmoid`](crate::conservative_sigmoid), margins are increased without bound.
///
/// ```
/// let margin = tch::Tensor::from_slice(&[3.0f64]);
/// let (robust, plain) = (align_losses::robust(&margin, 0.1, 0.0)?, align_losses::sigmoid(&margin, 0.1)?);
/// assert_eq!(robust, plain);
/// # Ok::<(), align_losses::Error>(())
/// ```
///
/// # Errors
/// Margins that are not floating-point, a `beta` that is not a finite number above 0, or a `label_smoothing` outside
/// `[0, 0.5)`.
pub fn robust(margin: &Tensor, beta: f64, label_smoothing: f64) -> Result<Tensor> {
    check::margin(margin, beta)?;
    check::label_smoothing(label_smoothing)?;
    let x = beta * margin;
    let flipped = label_smoothing / (1.0 - 2.0 * label_smoothing);
    Ok(-(1.0 + flipped) * x.log_sigmoid() + flipped * (-x).log_sigmoid())
}

/// [`robust`] as a [`SurrogateLoss`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Robust {
    /// The fraction of flipped labels.
    pub label_smoothing: f64,
}

impl SurrogateLoss for Robust {
    fn loss(&self, margin: &Tensor, beta: f64) -> Result<Tensor> {
        robust(margin, beta, self.label_smoothing)
    }

    /// `-β (σ(-x) + ε / (1 - 2ε))`.
    fn derivative(&self, margin: &Tensor, beta: f64) -> Result<Option<Tensor>> {
        let flipped = self.label_smoothing / (1.0 - 2.0 * self.label_smoothing);
        let mut wrong = margin.f_mul_scalar(-beta)?.f_sigmoid_()?;
        Ok(Some(wrong.f_add_scalar_(flipped)?.f_mul_scalar_(-beta)?))
    }
}
