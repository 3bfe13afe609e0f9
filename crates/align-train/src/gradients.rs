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
    let norms = gradients
        .iter()
        .map(|g| g.f_norm_scalaropt_dtype(2, Kind::Float))
        .collect::<std::result::Result<Vec<_>, _>>()?;
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
