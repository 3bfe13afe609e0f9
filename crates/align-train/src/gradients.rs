use crate::Result;
use tch::{Kind, Tensor};

/// Scales all gradients down if their total Euclidean norm exceeds `max_norm`. Returns the norm before clipping.
///
/// Like `torch.nn.utils.clip_grad_norm_`, the factor is `max_norm / (norm + 1e-6)`, at most 1.
///
/// # Errors
/// LibTorch errors only.
pub fn clip_grad_norm<'a>(weights: impl Iterator<Item = &'a Tensor>, max_norm: Option<f64>) -> Result<f64> {
    let mut gradients: Vec<Tensor> = weights.map(Tensor::grad).filter(Tensor::defined).collect();
    let norms = gradients.iter().map(norm).collect::<Result<Vec<_>>>()?;
    if norms.is_empty() {
        return Ok(0.0);
    }
    let norm = Tensor::f_stack(&norms, 0)?.f_norm()?.f_double_value(&[])?;
    let factor = max_norm.map_or(1.0, |max| max / (norm + 1e-6));
    if factor < 1.0 {
        for gradient in &mut gradients {
            let _ = gradient.f_mul_scalar_(factor)?;
        }
    }
    Ok(norm)
}

/// The Euclidean norm of a tensor, in float64. LibTorch's norm of a whole tensor sums up to millions of squares in float32, with a relative
/// error of 3e-5 for the embeddings of a small model. Norms of rows are exact to rounding, and as fast.
fn norm(gradient: &Tensor) -> Result<Tensor> {
    let kind = if gradient.kind() == Kind::Double { Kind::Double } else { Kind::Float };
    let rows = match gradient.dim() {
        0 => gradient.f_abs()?.f_to_kind(kind)?,
        _ => gradient.f_norm_scalaropt_dim_dtype(2, [-1i64].as_slice(), false, kind)?,
    };
    Ok(rows.f_norm_scalaropt_dtype(2, Kind::Double)?)
}
