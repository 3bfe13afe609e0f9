//! Alignment by optimal transport (AOT, arXiv:2406.05882): distributions are compared, not pairs. In one dimension the
//! optimal plan sorts both sides, so a batch is sorted before its margins are taken, and a loss belongs to a place in that
//! order, not to a row. A batch is not the sum of its parts: larger ones see more of the distributions.

use crate::{Pair, Result, check, conservative_sigmoid};
use tch::Tensor;

/// Paired AOT: [`conservative_sigmoid`] of `sort(log π(y⁺) - log π(y⁻)) - sort(log π_ref(y⁺) - log π_ref(y⁻))` (the
/// paired case of the paper, with the logistic loss).
///
/// Asks that the policy's margins as a distribution dominate the reference's, instead of each pair's its own.
///
/// * `policy`, `reference`: summed log-probabilities, each `(batch,)`.
///
/// ```
/// use {align_losses::{aot, Pair}, tch::Tensor};
/// let side = |x: [f64; 2]| Tensor::from_slice(&x);
/// let policy = Pair { chosen: side([3.0, 1.0]), rejected: side([0.0, 0.0]) };
/// let reference = Pair { chosen: side([1.0, 3.0]), rejected: side([0.0, 0.0]) };
/// let losses = aot(&policy, &reference, 0.1, 0.0)?; // the same margins, in another order
/// assert!((losses.double_value(&[0]) - 2f64.ln()).abs() < 1e-12);
/// # Ok::<(), align_losses::Error>(())
/// ```
///
/// # Errors
/// Sides that are not floating-point or differ in shape, dtype or device, a `beta` that is not a finite number above 0, or
/// a `label_smoothing` outside `[0, 0.5)`.
pub fn aot(policy: &Pair<Tensor>, reference: &Pair<Tensor>, beta: f64, label_smoothing: f64) -> Result<Tensor> {
    check::sides("policy.chosen", "policy.rejected", policy)?;
    check::sides("reference.chosen", "reference.rejected", reference)?;
    check::shape("reference.chosen", &reference.chosen, &policy.chosen.size())?;
    let margin = sorted(&(&policy.chosen - &policy.rejected))? - sorted(&(&reference.chosen - &reference.rejected))?;
    conservative_sigmoid(&margin, beta, label_smoothing)
}

/// Unpaired AOT: [`conservative_sigmoid`] of `sort(h_c) - sort(h_r)`, with log-ratios `h = log π - log π_ref` (the
/// unpaired case of the paper, with the logistic loss).
///
/// Asks that the chosen completions' log-ratios as a distribution dominate the rejected ones', whichever prompt they belong
/// to: for chosen and rejected sets without pairs.
///
/// ```
/// use {align_losses::{aot_unpaired, Pair}, tch::Tensor};
/// let side = |x: [f64; 2]| Tensor::from_slice(&x);
/// let losses = aot_unpaired(&Pair { chosen: side([2.0, 0.0]), rejected: side([0.0, 2.0]) }, 0.1, 0.0)?;
/// assert!((losses.double_value(&[1]) - 2f64.ln()).abs() < 1e-12);
/// # Ok::<(), align_losses::Error>(())
/// ```
///
/// # Errors
/// As [`aot`].
pub fn aot_unpaired(log_ratios: &Pair<Tensor>, beta: f64, label_smoothing: f64) -> Result<Tensor> {
    check::sides("log_ratios.chosen", "log_ratios.rejected", log_ratios)?;
    let margin = sorted(&log_ratios.chosen)? - sorted(&log_ratios.rejected)?;
    conservative_sigmoid(&margin, beta, label_smoothing)
}

pub(crate) fn sorted(x: &Tensor) -> Result<Tensor> {
    Ok(x.f_sort(0, false)?.0)
}
