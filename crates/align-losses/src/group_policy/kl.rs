use crate::{Result, check};
use tch::Tensor;

/// Schulman's estimator k3 of the KL divergence from the reference model at each token, `(rows, seq)`:
/// `exp(log π_ref - log π) - (log π_ref - log π) - 1`. It is at least 0, and unbiased for tokens of the policy.
///
/// * `logps`: the policy's log-probabilities, of any shape; differentiable.
/// * `reference_logps`: of the same shape; a constant.
///
/// ```
/// use {align_losses::k3_kl, tch::Tensor};
/// let kl = k3_kl(&Tensor::from_slice(&[-1.0f64, -1.0]), &Tensor::from_slice(&[-1.0f64, 0.0]))?;
/// assert_eq!(kl.double_value(&[0]), 0.0);
/// assert!((kl.double_value(&[1]) - (1f64.exp() - 2.0)).abs() < 1e-12);
/// # Ok::<(), align_losses::Error>(())
/// ```
///
/// # Errors
/// Log-probabilities that are not floating-point, or shapes or devices that do not fit.
pub fn k3_kl(logps: &Tensor, reference_logps: &Tensor) -> Result<Tensor> {
    check::float("logps", logps)?;
    check::float("reference_logps", reference_logps)?;
    check::shape("reference_logps", reference_logps, &logps.size())?;
    check::same_device("reference_logps", reference_logps, logps)?;
    let difference = reference_logps.f_detach()?.f_sub(logps)?;
    Ok(difference.f_exp()?.f_sub(&difference)?.f_sub_scalar(1.0)?)
}

/// The derivative of [`k3_kl`] with respect to `logps`: `1 - exp(log π_ref - log π)`.
pub(super) fn k3_derivative(logps: &Tensor, reference_logps: &Tensor) -> Result<Tensor> {
    Ok(reference_logps.f_sub(logps)?.f_exp()?.f_neg()?.f_add_scalar(1.0)?)
}
