use super::BuiltinLoss;
use super::log_ratio_loss::scaled_sigmoid;
use crate::{LossInfo, LossOption, Method, Result, SurrogateLoss, check};
use tch::Tensor;

pub(super) static LOSS: BuiltinLoss = BuiltinLoss {
    info: LossInfo {
        method: Method { name: "DPO", paper: "https://arxiv.org/abs/2305.18290" },
        help: "DPO: the logistic loss on the reward margin; with label smoothing: cDPO",
        formula: "−log σ(β m); with ε conservative DPO: −(1−ε) log σ(β m) − ε log σ(−β m)",
        options: &[
            LossOption::LabelSmoothing,
            LossOption::Divergence,
            LossOption::LengthAlpha,
            LossOption::SoftLabels,
            LossOption::OdpoAlpha,
        ],
        ..LossInfo::DEFAULT
    },
    build: |options| options.margin_loss(Sigmoid { label_smoothing: options.label_smoothing }),
};

/// DPO: `-log σ(β · margin)` (eq. 7 of arXiv:2305.18290).
///
/// The maximum-likelihood fit of a Bradley-Terry model with the reward `β (log π - log π_ref)`. The default choice if preferences are mostly
/// correct. With deterministic labels it increases margins without bound (then see [`ipo`](crate::ipo)). A larger `beta` keeps the policy
/// closer to the reference model, because a smaller margin suffices.
///
/// ```
/// let loss = align_losses::sigmoid(&tch::Tensor::from_slice(&[0.0f64, 30.0]), 0.1)?;
/// assert!((loss.double_value(&[0]) - 2f64.ln()).abs() < 1e-12);
/// # Ok::<(), align_losses::Error>(())
/// ```
///
/// # Errors
/// Margins that are not floating-point, or a `beta` that is not a finite number above 0.
pub fn sigmoid(margin: &Tensor, beta: f64) -> Result<Tensor> {
    check::margin(margin, beta)?;
    Ok(-(beta * margin).log_sigmoid())
}

/// Conservative DPO: `-(1 - ε) log σ(β · margin) - ε log σ(-β · margin)` ("cDPO", eq. 3 of Mitchell's
/// *A note on DPO with noisy preferences and relationship to IPO*, 2023).
///
/// For labels of which a fraction `label_smoothing` = ε is assumed to be wrong. The loss has its minimum at a finite margin,
/// `log((1 - ε) / ε) / β`, instead of at infinity. With 0 it is [`sigmoid`].
///
/// ```
/// let margin = tch::Tensor::from_slice(&[9f64.ln()]).set_requires_grad(true);
/// align_losses::conservative_sigmoid(&margin, 1.0, 0.1)?.backward();
/// assert!(margin.grad().double_value(&[0]).abs() < 1e-12); // the minimum is at log(0.9 / 0.1)
/// # Ok::<(), align_losses::Error>(())
/// ```
///
/// # Errors
/// Those of [`sigmoid`], or a `label_smoothing` outside `[0, 0.5)`.
pub fn conservative_sigmoid(margin: &Tensor, beta: f64, label_smoothing: f64) -> Result<Tensor> {
    check::margin(margin, beta)?;
    check::label_smoothing(label_smoothing)?;
    if label_smoothing == 0.0 {
        return sigmoid(margin, beta);
    }
    let x = beta * margin;
    Ok(-(1.0 - label_smoothing) * x.log_sigmoid() - label_smoothing * (-x).log_sigmoid())
}

/// [`conservative_sigmoid`] as a [`SurrogateLoss`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sigmoid {
    /// The assumed fraction of wrong labels.
    pub label_smoothing: f64,
}

impl SurrogateLoss for Sigmoid {
    fn loss(&self, margin: &Tensor, beta: f64) -> Result<Tensor> {
        conservative_sigmoid(margin, beta, self.label_smoothing)
    }

    /// `β (ε - σ(-x))`.
    fn derivative(&self, margin: &Tensor, beta: f64) -> Result<Option<Tensor>> {
        Ok(Some(derivative(margin, beta, self.label_smoothing, 1.0)?))
    }
}

/// `scale` times `β (ε - σ(-x))`, the derivative of [`conservative_sigmoid`] with respect to the margin.
pub(super) fn derivative(margin: &Tensor, beta: f64, label_smoothing: f64, scale: f64) -> Result<Tensor> {
    Ok(scaled_sigmoid(margin, -beta)?.f_sub_scalar_(label_smoothing)?.f_mul_scalar_(-beta * scale)?)
}
