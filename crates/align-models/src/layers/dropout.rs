use crate::Result;
use tch::Tensor;

/// `x` with a share `p` of its elements zeroed and the rest scaled up, in training only.
///
/// # Errors
/// Only what LibTorch refuses.
pub fn dropout(x: Tensor, p: f64, training: bool) -> Result<Tensor> {
    if training && p > 0.0 { Ok(x.f_dropout(p, true)?) } else { Ok(x) }
}
