use super::Weights;
use crate::Result;
use align_torch::{has_fused_nodes, rms_norm};
use tch::{Device, Kind, Tensor};

/// Normalisation over the last dimension, with element-wise weights.
#[derive(Debug)]
pub struct Norm {
    kind: NormKind,
    weight: Tensor,
    eps: f64,
}

#[derive(Debug)]
enum NormKind {
    /// Layer normalisation.
    Layer { bias: Option<Tensor> },
    /// RMS normalisation; `offset` is added to the weights.
    Rms { offset: f64 },
}

impl Norm {
    /// Layer normalisation (arXiv:1607.06450): `(x − mean) / √(variance + eps) · weight + bias`.
    ///
    /// # Errors
    /// A weight that is missing.
    pub fn layer(w: &Weights, eps: f64, bias: bool) -> Result<Self> {
        let bias = if bias { Some(w.tensor("bias")?) } else { None };
        Ok(Self { kind: NormKind::Layer { bias }, weight: w.tensor("weight")?, eps })
    }

    /// RMS normalisation (arXiv:1910.07467): `x / √(mean(x²) + eps) · weight`, computed in float32 as in Llama.
    ///
    /// # Errors
    /// A weight that is missing.
    pub fn rms(w: &Weights, eps: f64) -> Result<Self> {
        Ok(Self { kind: NormKind::Rms { offset: 0.0 }, weight: w.tensor("weight")?, eps })
    }

    /// [`Norm::rms`] with `weight + 1` instead of `weight`, as in Gemma.
    ///
    /// # Errors
    /// A weight that is missing.
    pub fn rms_with_offset(w: &Weights, eps: f64) -> Result<Self> {
        Ok(Self { kind: NormKind::Rms { offset: 1.0 }, ..Self::rms(w, eps)? })
    }

    /// Normalises `(…, width)`.
    ///
    /// # Errors
    /// The input has another width.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        match &self.kind {
            NormKind::Layer { bias } => {
                Ok(x.f_layer_norm(self.weight.size(), Some(&self.weight), bias.as_ref(), self.eps, true)?)
            }
            NormKind::Rms { offset } if has_fused_nodes(x) && has_fused_nodes(&self.weight) => {
                Ok(rms_norm(x, &self.weight, self.eps, *offset)?)
            }
            NormKind::Rms { offset } if *offset == 0.0 && x.device() != Device::Cpu => {
                Ok(x.f_rms_norm(self.weight.size(), Some(&self.weight), self.eps)?)
            }
            NormKind::Rms { offset } => {
                let wide = if x.kind() == Kind::Double { Kind::Double } else { Kind::Float };
                let x_wide = x.f_to_kind(wide)?;
                let mean_square = x_wide.f_square()?.f_mean_dim(-1, true, wide)?;
                let scaled = x_wide.f_mul(&mean_square.f_add_scalar(self.eps)?.f_rsqrt()?)?;
                match *offset == 0.0 {
                    true => Ok(scaled.f_to_kind(x.kind())?.f_mul(&self.weight)?),
                    false => {
                        let weight = self.weight.f_to_kind(wide)?.f_add_scalar(*offset)?;
                        Ok(scaled.f_mul(&weight)?.f_to_kind(x.kind())?)
                    }
                }
            }
        }
    }

    /// Clones the norm. Both share the same memory.
    pub(crate) fn shallow_clone(&self) -> Self {
        let kind = match &self.kind {
            NormKind::Layer { bias } => NormKind::Layer { bias: bias.as_ref().map(Tensor::shallow_clone) },
            NormKind::Rms { offset } => NormKind::Rms { offset: *offset },
        };
        Self { kind, weight: self.weight.shallow_clone(), eps: self.eps }
    }
}
