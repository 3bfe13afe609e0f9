//! The clamped square in losses that regress a margin to a target.

use crate::Result;
use tch::Tensor;

/// Largest distance that is squared. Exponential scores can differ by up to `exp(80)`. The square would overflow in float32, and so would the
/// gradient, the product of the derivatives of the square and of the score.
const MAX_DISTANCE: f64 = 1e16;

/// `distance²`, or 1e32 beyond ±1e16.
pub(super) fn square(distance: &Tensor) -> Result<Tensor> {
    Ok(distance.f_clamp(-MAX_DISTANCE, MAX_DISTANCE)?.f_square()?)
}

/// The derivative of [`square`]: `2 · distance`, or 0 beyond ±1e16.
pub(super) fn square_derivative(distance: &Tensor) -> Result<Tensor> {
    Ok(distance.f_hardtanh_backward(&distance.f_mul_scalar(2.0)?, -MAX_DISTANCE, MAX_DISTANCE)?)
}
