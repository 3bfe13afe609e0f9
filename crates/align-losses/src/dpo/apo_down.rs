use super::BuiltinLoss;
use super::log_ratio_loss::{LogRatioLoss, rewards, sigmoid_derivative};
use crate::{LossInfo, LossOption, Method, Pair, Result};
use tch::Tensor;

pub(super) static LOSS: BuiltinLoss = BuiltinLoss {
    info: LossInfo {
        method: Method { name: "APO", paper: "https://arxiv.org/abs/2408.06266" },
        help: "APO-down: makes both completions less likely, the rejected one more so; for chosen texts that are worse than the model's own",
        formula: "σ(β h_c) + 1 − σ(β m)",
        options: &[LossOption::SoftLabels],
        ..LossInfo::DEFAULT
    },
    build: |options| Ok(Box::new(LogRatioLoss { loss: apo_down, gradient, beta: options.beta })),
};

/// APO-down: `σ(β h_c) + 1 - σ(β (h_c - h_r))` (anchored preference optimisation, eq. 8 of arXiv:2408.06266).
///
/// Makes both completions less likely, the rejected one more strongly: for pairs whose chosen text is worse than the model's own texts.
///
/// ```
/// use {align_losses::{apo_down, Pair}, tch::Tensor};
/// let at = |h: f64| Tensor::from_slice(&[h]);
/// assert_eq!(apo_down(&Pair { chosen: at(0.0), rejected: at(0.0) }, 0.1)?.double_value(&[0]), 1.0);
/// # Ok::<(), align_losses::Error>(())
/// ```
///
/// # Errors
/// Those of [`nca_pair`](crate::nca_pair).
pub fn apo_down(log_ratios: &Pair<Tensor>, beta: f64) -> Result<Tensor> {
    let Pair { chosen, rejected } = rewards(log_ratios, beta)?;
    Ok(chosen.sigmoid() + (rejected - chosen).sigmoid())
}

/// `β (σ'(r_c) - σ'(x))` and `β σ'(x)`.
fn gradient(log_ratios: &Pair<Tensor>, beta: f64, scale: f64) -> Result<Pair<Tensor>> {
    let Pair { chosen: h_c, rejected: h_r } = log_ratios;
    let rejected = sigmoid_derivative(&h_c.f_sub(h_r)?, beta)?.f_mul_scalar_(scale * beta)?;
    let chosen = sigmoid_derivative(h_c, beta)?.f_mul_scalar_(scale * beta)?.f_sub_(&rejected)?;
    Ok(Pair { chosen, rejected })
}
