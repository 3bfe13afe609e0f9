use crate::{Result, check};
use tch::Tensor;

/// ODPO's offset of each pair: `Δ = α log(s)`, with `s` the difference of the two completions' scores (DPO with an offset, eq. 6 of
/// arXiv:2402.10571 with its logarithmic scaling; α = `alpha`), `(batch,)`.
///
/// ODPO's loss is `-log σ(β m - Δ)`: the better the chosen completion is by its score, the larger the margin `m` that is asked for. So it is
/// DPO on the margin `m - Δ / β`, which any other loss on the margin takes too. A difference below 1 has a negative offset: a smaller margin
/// is enough. [`DpoOptions::odpo_alpha`](crate::DpoOptions::odpo_alpha) uses it.
///
/// * `score_margins`: the differences of scores, above 0, `(batch,)`.
///
/// ```
/// use {align_losses::{odpo_offset, sigmoid}, tch::Tensor};
/// let (beta, margin) = (0.1, Tensor::from_slice(&[3.0f64]));
/// let offset = odpo_offset(&Tensor::from_slice(&[0.3f64.exp()]), 1.0)?;
/// let loss = sigmoid(&(margin - offset / beta), beta)?;
/// assert!((loss.double_value(&[0]) - 2f64.ln()).abs() < 1e-12); // β m is the offset
/// # Ok::<(), align_losses::Error>(())
/// ```
///
/// # Errors
/// Differences that are not floating-point, finite and above 0, or an `alpha` that is not a finite number above 0.
pub fn odpo_offset(score_margins: &Tensor, alpha: f64) -> Result<Tensor> {
    check::above_zero("odpo_alpha", alpha)?;
    check::values("score_margins", score_margins, "finite numbers above 0", |x| x > 0.0)?;
    signed_offset(score_margins, alpha)
}

/// The offset for differences of any sign. A pair whose sides are swapped has the negative offset.
pub(crate) fn signed_offset(score_margins: &Tensor, alpha: f64) -> Result<Tensor> {
    Ok(score_margins.f_abs()?.f_log()?.f_mul(&score_margins.f_sign()?)?.f_mul_scalar(alpha)?)
}
