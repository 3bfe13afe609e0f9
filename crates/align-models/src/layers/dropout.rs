use crate::Result;
use tch::Tensor;

/// Dropout with probability `p`, only in training.
///
/// # Errors
/// Only errors of LibTorch.
pub fn dropout(x: Tensor, p: f64, training: bool) -> Result<Tensor> {
    if training && p > 0.0 { Ok(x.f_dropout(p, true)?) } else { Ok(x) }
}
