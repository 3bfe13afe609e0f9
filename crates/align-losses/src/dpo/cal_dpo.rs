use super::log_ratio_loss::LogRatioLoss;
use super::{BuiltinLoss, sppo_hard as sppo};
use crate::{LossInfo, LossOption, Method, Pair, Result, sppo_hard};
use tch::Tensor;

pub(super) static LOSS: BuiltinLoss = BuiltinLoss {
    info: LossInfo {
        method: Method { name: "Cal-DPO", paper: "https://arxiv.org/abs/2412.14516" },
        help: "calibrated DPO: DPO with both log-ratios calibrated to rewards of plus and minus one half",
        formula: "−log σ(m) + (h_c − 1/(2β))² + (h_r + 1/(2β))²",
        options: &[LossOption::SoftLabels],
        ..LossInfo::DEFAULT
    },
    build: |options| Ok(Box::new(LogRatioLoss { loss: cal_dpo, gradient, beta: options.beta })),
};

/// Cal-DPO: `-log σ(h_c - h_r) + (h_c - 1 / (2β))² + (h_r + 1 / (2β))²` (calibrated DPO, eq. 10 of
/// arXiv:2412.14516; its authors' code halves the squares).
///
/// DPO on log-ratios that are calibrated to rewards of ±½, so that the chosen completion does not become less likely while the margin grows.
/// With a larger `beta` the target log-ratios are smaller. Unlike in DPO, `beta` does not scale the margin.
///
/// ```
/// use {align_losses::{cal_dpo, Pair}, tch::Tensor};
/// let at = |h: f64| Tensor::from_slice(&[h]);
/// let loss = cal_dpo(&Pair { chosen: at(5.0), rejected: at(-5.0) }, 0.1)?;
/// assert!((loss.double_value(&[0]) - (-10f64).exp().ln_1p()).abs() < 1e-12);
/// # Ok::<(), align_losses::Error>(())
/// ```
///
/// # Errors
/// Those of [`nca_pair`](crate::nca_pair).
pub fn cal_dpo(log_ratios: &Pair<Tensor>, beta: f64) -> Result<Tensor> {
    let calibration = sppo_hard(log_ratios, beta)?;
    Ok(calibration - (&log_ratios.chosen - &log_ratios.rejected).log_sigmoid())
}

/// The gradient of [`sppo_hard`], minus and plus `σ(h_r - h_c)`.
fn gradient(log_ratios: &Pair<Tensor>, beta: f64, scale: f64) -> Result<Pair<Tensor>> {
    let Pair { mut chosen, mut rejected } = sppo::gradient(log_ratios, beta, scale)?;
    let wrong = log_ratios.rejected.f_sub(&log_ratios.chosen)?.f_sigmoid_()?.f_mul_scalar_(scale)?;
    Ok(Pair { chosen: chosen.f_sub_(&wrong)?, rejected: rejected.f_add_(&wrong)? })
}
