//! A divergence and a surrogate loss that the crate does not know, as a user would write them: without derivatives.

use align_losses::{Divergence, Result, SurrogateLoss};
use tch::Tensor;

/// The squared Hellinger distance: `f(u) = (1 - √u)²`, `f'(u) = 1 - u^(-1/2)`.
#[derive(Debug)]
pub struct Hellinger;

impl Divergence for Hellinger {
    fn score(&self, log_ratio: &Tensor) -> Result<Tensor> {
        Ok(1.0 - (log_ratio * -0.5).clamp_max(40.0).exp())
    }
}

/// `log(1 + exp(-x)²)`: falling and smooth.
#[derive(Debug)]
pub struct Steep;

impl SurrogateLoss for Steep {
    fn loss(&self, margin: &Tensor, beta: f64) -> Result<Tensor> {
        Ok(-(2.0 * beta * margin).log_sigmoid())
    }
}
