use super::BuiltinLoss;
use super::log_ratio_loss::{LogRatioLoss, check_log_ratios};
use crate::{LossInfo, LossOption, Method, Pair, Result};
use tch::Tensor;

pub(super) static LOSS: BuiltinLoss = BuiltinLoss {
    info: LossInfo {
        method: Method { name: "SPPO with hard labels", paper: "https://arxiv.org/abs/2405.00675" },
        help: "SPPO with hard labels: a regression of both log-ratios to fixed values",
        formula: "(h_c − 1/(2β))² + (h_r + 1/(2β))²",
        options: &[LossOption::SoftLabels],
        ..LossInfo::DEFAULT
    },
    build: |options| Ok(Box::new(LogRatioLoss { loss: sppo_hard, gradient, beta: options.beta })),
};

/// SPPO with hard labels: `(h_c - 1 / (2β))² + (h_r + 1 / (2β))²` (self-play preference optimisation, eq. 4.7 of
/// arXiv:2405.00675 with a winning probability of 1 for the chosen and 0 for the rejected; `1 / β` is its η).
///
/// A regression of both log-ratios to fixed values, so that neither grows without bound.
///
/// ```
/// use {align_losses::{sppo_hard, Pair}, tch::Tensor};
/// let at = |h: f64| Tensor::from_slice(&[h]);
/// let loss = sppo_hard(&Pair { chosen: at(5.0), rejected: at(-5.0) }, 0.1)?;
/// assert_eq!(loss.double_value(&[0]), 0.0);
/// # Ok::<(), align_losses::Error>(())
/// ```
///
/// # Errors
/// Those of [`nca_pair`](crate::nca_pair).
pub fn sppo_hard(log_ratios: &Pair<Tensor>, beta: f64) -> Result<Tensor> {
    check_log_ratios(log_ratios, beta)?;
    let target = 0.5 / beta;
    Ok((&log_ratios.chosen - target).square() + (&log_ratios.rejected + target).square())
}

/// `2 (h_c - 1 / 2β)` and `2 (h_r + 1 / 2β)`.
pub(super) fn gradient(log_ratios: &Pair<Tensor>, beta: f64, scale: f64) -> Result<Pair<Tensor>> {
    let target = 0.5 / beta;
    Ok(Pair {
        chosen: log_ratios.chosen.f_sub_scalar(target)?.f_mul_scalar_(2.0 * scale)?,
        rejected: log_ratios.rejected.f_add_scalar(target)?.f_mul_scalar_(2.0 * scale)?,
    })
}
