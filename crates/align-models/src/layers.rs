//! The building blocks that the models share.

use crate::activation::Activation;
use crate::lora::Adapter;
use crate::{Error, Parameters, Result};
use align_torch::{PackedActivation, PackedLinear};
use tch::Tensor;

/// Looks the weights of one module up by name.
pub(crate) struct Weights<'a> {
    pub parameters: &'a Parameters,
    pub prefix: String,
    /// Whether linear layers are made for inference alone, with their weights packed where the processor gains by it.
    pub pack: bool,
    /// Matrices that stand beside some of the linear layers.
    pub adapter: Option<Adapter<'a>>,
}

impl Weights<'_> {
    pub fn root<'p>(parameters: &'p Parameters, prefix: &str, pack: bool) -> Weights<'p> {
        Weights { parameters, prefix: prefix.to_owned(), pack, adapter: None }
    }

    pub fn child(&self, name: impl std::fmt::Display) -> Weights<'_> {
        Weights { prefix: format!("{}{name}.", self.prefix), ..*self }
    }

    pub fn tensor(&self, name: &str) -> Result<Tensor> {
        let name = format!("{}{name}", self.prefix);
        let tensor = self.parameters.get(&name);
        tensor.map(Tensor::shallow_clone).ok_or_else(|| Error::Input(format!("the parameters hold no tensor {name}")))
    }
}

/// `x Wᵀ + b`.
#[derive(Debug)]
pub(crate) enum Linear {
    /// `W` of shape `(out, in)`.
    Plain { weight: Tensor, bias: Tensor },
    /// `Wᵀ`, `(in, out)`: how GPT-2's checkpoints store their linear layers.
    Transposed { weight: Tensor, bias: Tensor },
    /// For inference alone.
    Packed(PackedLinear),
}

impl Linear {
    /// A layer whose weight is `(out, in)`.
    pub fn load(w: &Weights) -> Result<Self> {
        let (weight, bias) = (w.tensor("weight")?, w.tensor("bias")?);
        let packed = packed(w, &weight, Some(&bias));
        Ok(packed.map_or_else(|| Self::Plain { weight, bias }, Self::Packed))
    }

    /// A layer whose weight is `(in, out)`.
    pub fn load_transposed(w: &Weights) -> Result<Self> {
        let (weight, bias) = (w.tensor("weight")?, w.tensor("bias")?);
        let packed = packed(w, &weight.f_tr()?, Some(&bias));
        Ok(packed.map_or_else(|| Self::Transposed { weight, bias }, Self::Packed))
    }

    /// The same weights, in the same memory.
    pub fn shallow_clone(&self) -> Self {
        match self {
            Self::Plain { weight, bias } => Self::Plain { weight: weight.shallow_clone(), bias: bias.shallow_clone() },
            Self::Transposed { weight, bias } => {
                Self::Transposed { weight: weight.shallow_clone(), bias: bias.shallow_clone() }
            }
            Self::Packed(packed) => Self::Packed(packed.shallow_clone()),
        }
    }

    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        match self {
            Self::Plain { weight, bias } => Ok(x.f_linear(weight, Some(bias))?),
            Self::Transposed { weight, bias } => {
                let mut shape = x.size();
                let (inputs, outputs) = weight.size2()?;
                if let Some(last) = shape.last_mut() {
                    *last = outputs;
                }
                Ok(bias.f_addmm(&x.f_reshape([-1, inputs])?, weight)?.f_view(shape.as_slice())?)
            }
            Self::Packed(packed) => Ok(packed.forward(x, PackedActivation::Identity)?),
        }
    }

    /// The activation of [`Linear::forward`], in one pass where the layer is packed.
    pub fn forward_activated(&self, x: &Tensor, activation: Activation) -> Result<Tensor> {
        let fused = match activation {
            Activation::Gelu => Some(PackedActivation::Gelu),
            Activation::GeluNew => Some(PackedActivation::GeluTanh),
            Activation::Relu => Some(PackedActivation::Relu),
            _ => None,
        };
        match (self, fused) {
            (Self::Packed(packed), Some(fused)) => Ok(packed.forward(x, fused)?),
            _ => activation.forward(&self.forward(x)?),
        }
    }
}

/// The layer packed, if that is asked for and LibTorch can do it here.
pub(crate) fn packed(w: &Weights, weight: &Tensor, bias: Option<&Tensor>) -> Option<PackedLinear> {
    if !w.pack {
        return None;
    }
    match PackedLinear::new(weight, bias) {
        Ok(packed) => Some(packed),
        Err(error) => {
            tracing::debug!(%error, layer = w.prefix, "the layer stays as it is");
            None
        }
    }
}

/// Layer normalisation over the last dimension.
#[derive(Debug)]
pub(crate) struct LayerNorm {
    weight: Tensor,
    bias: Tensor,
    eps: f64,
}

impl LayerNorm {
    pub fn load(w: &Weights, eps: f64) -> Result<Self> {
        Ok(Self { weight: w.tensor("weight")?, bias: w.tensor("bias")?, eps })
    }

    /// The same weights, in the same memory.
    pub fn shallow_clone(&self) -> Self {
        Self { weight: self.weight.shallow_clone(), bias: self.bias.shallow_clone(), eps: self.eps }
    }

    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        Ok(x.f_layer_norm(self.weight.size(), Some(&self.weight), Some(&self.bias), self.eps, true)?)
    }
}

/// `x` with a share `p` of its elements zeroed and the rest scaled up, in training only.
pub(crate) fn dropout(x: Tensor, p: f64, training: bool) -> Result<Tensor> {
    if training && p > 0.0 { Ok(x.f_dropout(p, true)?) } else { Ok(x) }
}

/// `(batch, seq, heads · head_dim)` to `(batch, heads, seq, head_dim)`.
pub(crate) fn split_heads(x: &Tensor, heads: i64) -> Result<Tensor> {
    let (batch, seq, width) = x.size3()?;
    Ok(x.f_view([batch, seq, heads, width / heads])?.f_transpose(1, 2)?)
}

/// `(batch, heads, seq, head_dim)` to `(batch, seq, heads · head_dim)`.
pub(crate) fn merge_heads(x: &Tensor) -> Result<Tensor> {
    let (batch, heads, seq, head_dim) = x.size4()?;
    Ok(x.f_transpose(1, 2)?.f_reshape([batch, seq, heads * head_dim])?)
}
