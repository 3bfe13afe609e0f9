use super::{BuiltinLoss, sigmoid::margin};
use crate::{LossInfo, LossOption, Method, Pair, Result, check};
use tch::Tensor;

/// The paper's margin.
const DELTA: f64 = 1.0;

pub(super) static LOSS: BuiltinLoss = BuiltinLoss {
    info: LossInfo {
        method: Method { name: "SLiC-HF", paper: "https://arxiv.org/abs/2305.10425" },
        help: "SLiC-HF: a hinge loss on the difference of log-probabilities, with a target margin",
        formula: "max(0, δ − log π(y⁺) + log π(y⁻)); δ is --slic-delta",
        options: &[LossOption::CpoAlpha, LossOption::SlicDelta],
        ..LossInfo::DEFAULT
    },
    evaluate: |logps, options| logps.output(slic_hf(&logps.in_loss, options.slic_delta.unwrap_or(DELTA))?, options),
};

/// SLiC-HF's calibration: `max(0, δ - log π(y⁺) + log π(y⁻))` (eq. 2 of arXiv:2305.10425; δ = `delta`, 1 in the paper).
///
/// Pairs whose log-probabilities differ by more than `delta` have no gradient. The full loss of the paper has a regulariser:
/// [`slic_hf_regularised`].
///
/// ```
/// use {align_losses::{slic_hf, Pair}, tch::Tensor};
/// let logps = Pair { chosen: Tensor::from_slice(&[-12.0f64]), rejected: Tensor::from_slice(&[-12.5f64]) };
/// assert_eq!(slic_hf(&logps, 1.0)?.double_value(&[0]), 0.5);
/// # Ok::<(), align_losses::Error>(())
/// ```
///
/// # Errors
/// Sides that are not floating-point or differ in shape, dtype or device, or a `delta` that is not a finite number of at
/// least 0.
pub fn slic_hf(logps: &Pair<Tensor>, delta: f64) -> Result<Tensor> {
    check::at_least_zero("delta", delta)?;
    Ok((delta - margin(logps)?).relu())
}

/// SLiC-HF: `max(0, δ - log π(y⁺) + log π(y⁻)) - λ log π(y_ref)` (eq. 4 of arXiv:2305.10425): [`slic_hf`] with its
/// regulariser, the likelihood of the texts `y_ref` that the policy was fine-tuned on, or of the chosen ones.
///
/// * `targets`: `log π(y_ref)`, `(batch,)`; differentiable.
/// * `lambda`: λ, the weight of the regulariser.
///
/// ```
/// use {align_losses::{slic_hf_regularised, Pair}, tch::Tensor};
/// let logps = Pair { chosen: Tensor::from_slice(&[-12.0f64]), rejected: Tensor::from_slice(&[-12.5f64]) };
/// let losses = slic_hf_regularised(&logps, &logps.chosen, 1.0, 0.5)?;
/// assert_eq!(losses.double_value(&[0]), 6.5);
/// # Ok::<(), align_losses::Error>(())
/// ```
///
/// # Errors
/// As [`slic_hf`], targets of another shape, or a `lambda` that is not a finite number of at least 0.
pub fn slic_hf_regularised(logps: &Pair<Tensor>, targets: &Tensor, delta: f64, lambda: f64) -> Result<Tensor> {
    check::at_least_zero("lambda", lambda)?;
    let calibration = slic_hf(logps, delta)?;
    check::shape("targets", targets, &calibration.size())?;
    check::same_device("targets", targets, &calibration)?;
    Ok(calibration - lambda * targets)
}
