//! Losses that judge each side of a pair by its own log-ratio `h = log π - log π_ref`, not by the margin alone: they can
//! hold the chosen completion's probability up while the margin grows.

use crate::{Pair, Result, check};
use tch::Tensor;

/// NCA: `-log σ(β h_c) - ½ log σ(-β h_c) - ½ log σ(-β h_r)` (noise contrastive alignment, arXiv:2402.05369, with two
/// responses).
///
/// The middle term pulls the chosen log-ratio back towards 0 from above, so the chosen completion neither falls, as it
/// may under [`sigmoid`](crate::sigmoid), nor runs away. A larger `beta` holds both nearer to the reference.
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

/// BCO on pairs: `-log σ(β h_c) - log σ(-β h_r)` (binary classifier optimisation, arXiv:2404.04656, without its reward shift
/// δ, as TRL has it in its DPO trainer).
///
/// A classifier that tells chosen from rejected completions by their rewards. An upper bound of
/// [`sigmoid`](crate::sigmoid)'s loss.
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
/// As [`nca_pair`].
pub fn bco_pair(log_ratios: &Pair<Tensor>, beta: f64) -> Result<Tensor> {
    let Pair { chosen, rejected } = rewards(log_ratios, beta)?;
    Ok(-chosen.log_sigmoid() - (-rejected).log_sigmoid())
}

/// SPPO with hard labels: `(h_c - 1 / (2β))² + (h_r + 1 / (2β))²` (self-play preference optimisation, eq. 4.7 of
/// arXiv:2405.00675 with a winning probability of 1 for the chosen and 0 for the rejected; `1 / β` is its η).
///
/// A regression of both log-ratios to fixed values, so neither side drifts.
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
/// As [`nca_pair`].
pub fn sppo_hard(log_ratios: &Pair<Tensor>, beta: f64) -> Result<Tensor> {
    checked(log_ratios, beta)?;
    let target = 0.5 / beta;
    Ok((&log_ratios.chosen - target).square() + (&log_ratios.rejected + target).square())
}

/// Cal-DPO: `-log σ(h_c - h_r) + (h_c - 1 / (2β))² + (h_r + 1 / (2β))²` (calibrated DPO, eq. 10 of
/// arXiv:2412.14516; its authors' code halves the squares).
///
/// DPO's margin of log-ratios, with each of them calibrated to a reward of ±½: the chosen completion cannot become less
/// likely while the margin grows. A larger `beta` asks for smaller log-ratios; unlike in DPO it does not scale the margin.
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
/// As [`nca_pair`].
pub fn cal_dpo(log_ratios: &Pair<Tensor>, beta: f64) -> Result<Tensor> {
    let calibration = sppo_hard(log_ratios, beta)?;
    Ok(calibration - (&log_ratios.chosen - &log_ratios.rejected).log_sigmoid())
}

/// DPO-Positive: `-log σ(β (h_c - h_r - λ max(0, -h_c)))` (DPOP, eq. 3 of arXiv:2402.13228; λ = `lambda`).
///
/// DPO that pays for a chosen completion less likely than under the reference, for pairs that differ in few tokens, where
/// DPO makes both less likely. `lambda` is the price; the paper takes 5 to 500, and 50 most often. At 0 it is
/// [`sigmoid`](crate::sigmoid).
///
/// ```
/// use {align_losses::{dpop, Pair}, tch::Tensor};
/// let at = |h: f64| Tensor::from_slice(&[h]);
/// let loss = dpop(&Pair { chosen: at(-1.0), rejected: at(-51.0) }, 0.1, 50.0)?;
/// assert!((loss.double_value(&[0]) - 2f64.ln()).abs() < 1e-12); // the margin of 50 is eaten up
/// # Ok::<(), align_losses::Error>(())
/// ```
///
/// # Errors
/// As [`nca_pair`], and a `lambda` that is not a finite number of at least 0.
pub fn dpop(log_ratios: &Pair<Tensor>, beta: f64, lambda: f64) -> Result<Tensor> {
    check::at_least_zero("dpop_lambda", lambda)?;
    checked(log_ratios, beta)?;
    let Pair { chosen, rejected } = log_ratios;
    Ok(-(beta * (chosen - rejected - lambda * (-chosen).relu())).log_sigmoid())
}

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
/// As [`nca_pair`].
pub fn apo_zero(log_ratios: &Pair<Tensor>, beta: f64) -> Result<Tensor> {
    let Pair { chosen, rejected } = rewards(log_ratios, beta)?;
    Ok((-chosen).sigmoid() + rejected.sigmoid())
}

/// APO-down: `σ(β h_c) + 1 - σ(β (h_c - h_r))` (anchored preference optimisation, eq. 8 of arXiv:2408.06266).
///
/// Pushes both completions down, the rejected one further: for pairs whose chosen text is worse than what the model writes.
///
/// ```
/// use {align_losses::{apo_down, Pair}, tch::Tensor};
/// let at = |h: f64| Tensor::from_slice(&[h]);
/// assert_eq!(apo_down(&Pair { chosen: at(0.0), rejected: at(0.0) }, 0.1)?.double_value(&[0]), 1.0);
/// # Ok::<(), align_losses::Error>(())
/// ```
///
/// # Errors
/// As [`nca_pair`].
pub fn apo_down(log_ratios: &Pair<Tensor>, beta: f64) -> Result<Tensor> {
    let Pair { chosen, rejected } = rewards(log_ratios, beta)?;
    Ok(chosen.sigmoid() + (rejected - chosen).sigmoid())
}

fn rewards(log_ratios: &Pair<Tensor>, beta: f64) -> Result<Pair<Tensor>> {
    checked(log_ratios, beta)?;
    Ok(log_ratios.as_ref().map(|h| beta * h))
}

fn checked(log_ratios: &Pair<Tensor>, beta: f64) -> Result<()> {
    check::sides("log_ratios.chosen", "log_ratios.rejected", log_ratios)?;
    check::beta(beta)
}
