use super::BuiltinLoss;
use super::log_ratio_loss::{LogRatioLoss, rewards, scaled_sigmoid};
use crate::{LossInfo, LossOption, Method, Pair, Result};
use tch::Tensor;

pub(super) static LOSS: BuiltinLoss = BuiltinLoss {
    info: LossInfo {
        method: Method { name: "BCO on pairs", paper: "https://arxiv.org/abs/2404.04656" },
        help: "BCO on pairs, without the reward shift: a binary classifier of chosen and rejected completions",
        formula: "−log σ(β h_c) − log σ(−β h_r)",
        options: &[LossOption::SoftLabels],
        ..LossInfo::DEFAULT
    },
    build: |options| Ok(Box::new(LogRatioLoss { loss: bco_pair, gradient, beta: options.beta })),
};

/// BCO on pairs: `-log σ(β h_c) - log σ(-β h_r)` (binary classifier optimisation, arXiv:2404.04656, without its reward shift
/// δ, as in TRL's DPO trainer).
///
/// A binary classifier of chosen and rejected completions by their rewards. An upper bound of [`sigmoid`](crate::sigmoid)'s loss.
///
/// ```
/// use {align_losses::{bco_pair, Pair}, tch::Tensor};
/// let at = |h: f64| Tensor::from_slice(&[h]);
/// let loss = bco_pair(&Pair { chosen: at(0.0), rejected: at(0.0) }, 0.1)?;
/// assert!((loss.double_value(&[0]) - 2.0 * 2f64.ln()).abs() < 1e-12);
/// # Ok::<(), align_losses::Error>(())
/// ```
///
/// # Errors
/// Those of [`nca_pair`](crate::nca_pair).
pub fn bco_pair(log_ratios: &Pair<Tensor>, beta: f64) -> Result<Tensor> {
    let Pair { chosen, rejected } = rewards(log_ratios, beta)?;
    Ok(-chosen.log_sigmoid() - (-rejected).log_sigmoid())
}

/// `-β σ(-r_c)` and `β σ(r_r)`.
fn gradient(log_ratios: &Pair<Tensor>, beta: f64, scale: f64) -> Result<Pair<Tensor>> {
    Ok(Pair {
        chosen: scaled_sigmoid(&log_ratios.chosen, -beta)?.f_mul_scalar_(-scale * beta)?,
        rejected: scaled_sigmoid(&log_ratios.rejected, beta)?.f_mul_scalar_(scale * beta)?,
    })
}
