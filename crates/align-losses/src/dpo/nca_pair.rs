use super::BuiltinLoss;
use super::log_ratio_loss::{LogRatioLoss, rewards, scaled_sigmoid};
use crate::{LossInfo, LossOption, Method, Pair, Result};
use tch::Tensor;

pub(super) static LOSS: BuiltinLoss = BuiltinLoss {
    info: LossInfo {
        method: Method { name: "NCA", paper: "https://arxiv.org/abs/2402.05369" },
        help: "NCA: noise contrastive alignment, which also keeps the chosen log-ratio from growing without bound",
        formula: "−log σ(β h_c) − ½ log σ(−β h_c) − ½ log σ(−β h_r)",
        options: &[LossOption::SoftLabels],
        ..LossInfo::DEFAULT
    },
    build: |options| Ok(Box::new(LogRatioLoss { loss: nca_pair, gradient, beta: options.beta })),
};

/// NCA: `-log σ(β h_c) - ½ log σ(-β h_c) - ½ log σ(-β h_r)` (noise contrastive alignment, arXiv:2402.05369, with two
/// responses).
///
/// The second term pulls positive chosen log-ratios back towards 0. So the probability of the chosen completion neither decreases, as it may
/// with [`sigmoid`](crate::sigmoid), nor grows without bound. A larger `beta` keeps both completions closer to the reference model.
///
/// ```
/// use {align_losses::{nca_pair, Pair}, tch::Tensor};
/// let at = |h: f64| Tensor::from_slice(&[h]);
/// let loss = nca_pair(&Pair { chosen: at(0.0), rejected: at(0.0) }, 0.1)?;
/// assert!((loss.double_value(&[0]) - 2.0 * 2f64.ln()).abs() < 1e-12);
/// # Ok::<(), align_losses::Error>(())
/// ```
///
/// # Errors
/// Log-ratios that are not floating-point or differ in shape, dtype or device, or a `beta` that is not a finite number
/// above 0.
pub fn nca_pair(log_ratios: &Pair<Tensor>, beta: f64) -> Result<Tensor> {
    let Pair { chosen, rejected } = rewards(log_ratios, beta)?;
    Ok(-chosen.log_sigmoid() - 0.5 * (-chosen).log_sigmoid() - 0.5 * (-rejected).log_sigmoid())
}

/// `β (½ σ(r_c) - σ(-r_c))` and `½ β σ(r_r)`.
fn gradient(log_ratios: &Pair<Tensor>, beta: f64, scale: f64) -> Result<Pair<Tensor>> {
    // σ(-r_c) is 1 - σ(r_c).
    let Pair { mut chosen, mut rejected } = log_ratios.as_ref().try_map(|h| scaled_sigmoid(h, beta))?;
    let _ = chosen.f_mul_scalar_(1.5)?.f_sub_scalar_(1.0)?.f_mul_scalar_(scale * beta)?;
    let _ = rejected.f_mul_scalar_(0.5 * scale * beta)?;
    Ok(Pair { chosen, rejected })
}
