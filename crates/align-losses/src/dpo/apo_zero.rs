use super::Formula;
use super::sides::{SideLoss, bump, rewards};
use crate::{LossInfo, Method, Pair, Result};
use tch::Tensor;

pub(super) static LOSS: Formula = Formula {
    info: LossInfo {
        method: Method { name: "APO", paper: "https://arxiv.org/abs/2408.06266" },
        help: "APO-zero: the chosen completion up, the rejected one down, for chosen texts better than the model's",
        ..LossInfo::PLAIN
    },
    build: |options| Ok(Box::new(SideLoss { loss: apo_zero, slopes, beta: options.beta })),
};

/// APO-zero: `1 - σ(β h_c) + σ(β h_r)` (anchored preference optimisation, eq. 7 of arXiv:2408.06266).
///
/// Pushes the chosen completion up and the rejected one down, each by itself: for pairs whose chosen text is better than
/// what the model writes.
///
/// ```
/// use {align_losses::{apo_zero, Pair}, tch::Tensor};
/// let at = |h: f64| Tensor::from_slice(&[h]);
/// assert_eq!(apo_zero(&Pair { chosen: at(0.0), rejected: at(0.0) }, 0.1)?.double_value(&[0]), 1.0);
/// # Ok::<(), align_losses::Error>(())
/// ```
///
/// # Errors
/// As [`nca_pair`](crate::nca_pair).
pub fn apo_zero(log_ratios: &Pair<Tensor>, beta: f64) -> Result<Tensor> {
    let Pair { chosen, rejected } = rewards(log_ratios, beta)?;
    Ok((-chosen).sigmoid() + rejected.sigmoid())
}

/// `-β σ'(r_c)` and `β σ'(r_r)`.
fn slopes(log_ratios: &Pair<Tensor>, beta: f64, scale: f64) -> Result<Pair<Tensor>> {
    Ok(Pair {
        chosen: bump(&log_ratios.chosen, beta)?.f_mul_scalar_(-scale * beta)?,
        rejected: bump(&log_ratios.rejected, beta)?.f_mul_scalar_(scale * beta)?,
    })
}
