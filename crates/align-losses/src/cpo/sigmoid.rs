use super::BuiltinLoss;
use crate::{LossInfo, LossOption, Method, Pair, Result, check, conservative_sigmoid};
use tch::Tensor;

pub(super) static LOSS: BuiltinLoss = BuiltinLoss {
    info: LossInfo {
        method: Method { name: "CPO", paper: "https://arxiv.org/abs/2401.08417" },
        help: "CPO: DPO with a uniform reference model",
        formula: "−(1−ε) log σ(x) − ε log σ(−x) with x = β (log π(y⁺) − log π(y⁻))",
        options: &[LossOption::LabelSmoothing, LossOption::CpoAlpha],
        ..LossInfo::DEFAULT
    },
    evaluate: |logps, options| logps.output(cpo(&logps.in_loss, options.beta, options.label_smoothing)?, options),
};

/// CPO: `-(1 - ε) log σ(β (log π(y⁺) - log π(y⁻))) - ε log σ(-β (…))` (contrastive preference optimisation,
/// eq. 3 of arXiv:2401.08417; ε = `label_smoothing`).
///
/// DPO with a uniform reference, which halves memory and forward passes. `logps` are summed over tokens, so long texts have more weight.
///
/// ```
/// use {align_losses::{cpo, Pair}, tch::Tensor};
/// let logps = Pair { chosen: Tensor::from_slice(&[-12.0f64]), rejected: Tensor::from_slice(&[-15.0f64]) };
/// assert!((cpo(&logps, 0.1, 0.0)?.double_value(&[0]) - (1.0 + (-0.3f64).exp()).ln()).abs() < 1e-12);
/// # Ok::<(), align_losses::Error>(())
/// ```
///
/// # Errors
/// Sides that are not floating-point or differ in shape, dtype or device, a `beta` that is not a finite number above 0, or
/// a `label_smoothing` outside `[0, 0.5)`.
pub fn cpo(logps: &Pair<Tensor>, beta: f64, label_smoothing: f64) -> Result<Tensor> {
    conservative_sigmoid(&margin(logps)?, beta, label_smoothing)
}

/// `log π(y⁺) - log π(y⁻)`.
pub(super) fn margin(logps: &Pair<Tensor>) -> Result<Tensor> {
    check::sides("logps.chosen", "logps.rejected", logps)?;
    Ok(&logps.chosen - &logps.rejected)
}
