use super::BuiltinLoss;
use super::log_ratio_loss::{LogRatioLoss, rewards, sigmoid_derivative};
use crate::{LossInfo, LossOption, Method, Pair, Result};
use tch::Tensor;

pub(super) static LOSS: BuiltinLoss = BuiltinLoss {
    info: LossInfo {
        method: Method { name: "APO", paper: "https://arxiv.org/abs/2408.06266" },
        help: "APO-zero: makes chosen completions more likely and rejected ones less likely; for chosen texts that are better than the model's own",
        formula: "1 − σ(β h_c) + σ(β h_r)",
        options: &[LossOption::SoftLabels],
        ..LossInfo::DEFAULT
    },
    build: |options| Ok(Box::new(LogRatioLoss { loss: apo_zero, gradient, beta: options.beta })),
};

/// APO-zero: `1 - σ(β h_c) + σ(β h_r)` (anchored preference optimisation, eq. 7 of arXiv:2408.06266).
///
/// Makes the chosen completion more likely and the rejected one less likely, independently of each other: for pairs whose chosen text is
/// better than the model's own texts.
///
/// ```
/// use {align_losses::{apo_zero, Pair}, tch::Tensor};
/// let at = |h: f64| Tensor::from_slice(&[h]);
/// assert_eq!(apo_zero(&Pair { chosen: at(0.0), rejected: at(0.0) }, 0.1)?.double_value(&[0]), 1.0);
/// # Ok::<(), align_losses::Error>(())
/// ```
///
/// # Errors
/// Those of [`nca_pair`](crate::nca_pair).
pub fn apo_zero(log_ratios: &Pair<Tensor>, beta: f64) -> Result<Tensor> {
    let Pair { chosen, rejected } = rewards(log_ratios, beta)?;
    Ok((-chosen).sigmoid() + rejected.sigmoid())
}

/// `-β σ'(r_c)` and `β σ'(r_r)`.
fn gradient(log_ratios: &Pair<Tensor>, beta: f64, scale: f64) -> Result<Pair<Tensor>> {
    Ok(Pair {
        chosen: sigmoid_derivative(&log_ratios.chosen, beta)?.f_mul_scalar_(-scale * beta)?,
        rejected: sigmoid_derivative(&log_ratios.rejected, beta)?.f_mul_scalar_(scale * beta)?,
    })
}
