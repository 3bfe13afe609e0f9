//! The square in losses that regress a margin to a number.

use crate::Result;
use tch::Tensor;

/// Largest distance that is squared. Exponential scores lie up to `exp(80)` apart: their square would leave the range of a
/// float32, and so would the gradient by the log-ratio, the product of the square's slope and the score's.
const MAX_DISTANCE: f64 = 1e16;

/// `distance²`; beyond ±1e16 the constant 1e32.
pub(super) fn square(distance: &Tensor) -> Result<Tensor> {
    Ok(distance.f_clamp(-MAX_DISTANCE, MAX_DISTANCE)?.f_square()?)
}

/// Its derivative, `2 · distance` and beyond 0.
pub(super) fn square_slope(distance: &Tensor) -> Result<Tensor> {
    Ok(distance.f_hardtanh_backward(&distance.f_mul_scalar(2.0)?, -MAX_DISTANCE, MAX_DISTANCE)?)
}
