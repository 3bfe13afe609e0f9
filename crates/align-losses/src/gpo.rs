//! The links of generalised preference optimisation (GPO, table 1 of arXiv:2402.05749) besides DPO's, SLiC's and IPO's:
//! functions of `x = β · margin`, least or flat where a pair is well told apart.

use crate::{Result, check, square::square};
use tch::Tensor;

/// Squared: `(1 - x)²` with `x = β · margin`; `β²` times IPO's loss for half its `beta`.
///
/// Pulls every reward margin to 1, from above too. A larger `beta` reaches that at a smaller margin of log-ratios. Distances
/// beyond 1e16, which only exponential scores reach, are clamped to it.
///
/// ```
/// let loss = align_losses::squared(&tch::Tensor::from_slice(&[0.0f64, 10.0, 20.0]), 0.1)?;
/// assert_eq!(loss, tch::Tensor::from_slice(&[1.0f64, 0.0, 1.0]));
/// # Ok::<(), align_losses::Error>(())
/// ```
///
/// # Errors
/// Margins that are not floating-point, or a `beta` that is not a finite number above 0.
pub fn squared(margin: &Tensor, beta: f64) -> Result<Tensor> {
    check::margin(margin, beta)?;
    square(&(beta * margin - 1.0))
}

/// Exponential: `exp(-x)` with `x = β · margin`; AdaBoost's loss.
///
/// Punishes pairs that are told apart wrongly hardest of all, so it is for clean labels. Exponents are clamped to at most 40
/// (`exp(40)` is 2.4e17), beyond which the gradient is 0; so that it is finite for exponential scores too.
///
/// ```
/// let loss = align_losses::exponential(&tch::Tensor::from_slice(&[0.0f64, -1e4]), 0.1)?;
/// assert_eq!(loss, tch::Tensor::from_slice(&[1.0f64, 40f64.exp()]));
/// # Ok::<(), align_losses::Error>(())
/// ```
///
/// # Errors
/// As [`squared`].
pub fn exponential(margin: &Tensor, beta: f64) -> Result<Tensor> {
    check::margin(margin, beta)?;
    Ok((-beta * margin).clamp_max(MAX_EXPONENT).exp())
}

/// Truncated quadratic: `max(0, 1 - x)²` with `x = β · margin`; the squared hinge.
///
/// As [`hinge`](crate::hinge) it lets satisfied pairs alone, and its gradient fades towards them instead of breaking off. Clamped
/// as [`squared`] is.
///
/// ```
/// let loss = align_losses::truncated_quadratic(&tch::Tensor::from_slice(&[0.0f64, -10.0, 20.0]), 0.1)?;
/// assert_eq!(loss, tch::Tensor::from_slice(&[1.0f64, 4.0, 0.0]));
/// # Ok::<(), align_losses::Error>(())
/// ```
///
/// # Errors
/// As [`squared`].
pub fn truncated_quadratic(margin: &Tensor, beta: f64) -> Result<Tensor> {
    check::margin(margin, beta)?;
    square(&(-(beta * margin - 1.0)).relu())
}

/// Savage: `σ(-x)²` with `x = β · margin`; bounded, and not convex.
///
/// Gives up on pairs that are told apart very wrongly, so single wrong labels cannot lead it astray.
///
/// ```
/// let loss = align_losses::savage(&tch::Tensor::from_slice(&[0.0f64]), 0.1)?;
/// assert_eq!(loss, tch::Tensor::from_slice(&[0.25f64]));
/// # Ok::<(), align_losses::Error>(())
/// ```
///
/// # Errors
/// As [`squared`].
pub fn savage(margin: &Tensor, beta: f64) -> Result<Tensor> {
    check::margin(margin, beta)?;
    Ok((-beta * margin).sigmoid().square())
}

/// Largest exponent: `exp(40)` is 2.4e17.
pub(crate) const MAX_EXPONENT: f64 = 40.0;
