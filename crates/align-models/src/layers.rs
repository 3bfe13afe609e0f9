//! The building blocks that the models share.

use crate::{Error, Parameters, Result};
use tch::Tensor;

/// Looks the weights of one module up by name.
pub(crate) struct Weights<'a> {
    pub parameters: &'a Parameters,
    pub prefix: String,
}

impl Weights<'_> {
    pub fn root<'p>(parameters: &'p Parameters, prefix: &str) -> Weights<'p> {
        Weights { parameters, prefix: prefix.to_owned() }
    }

    pub fn child(&self, name: impl std::fmt::Display) -> Weights<'_> {
        Weights { parameters: self.parameters, prefix: format!("{}{name}.", self.prefix) }
    }

    pub fn tensor(&self, name: &str) -> Result<Tensor> {
        let name = format!("{}{name}", self.prefix);
        let tensor = self.parameters.get(&name);
        tensor.map(Tensor::shallow_clone).ok_or_else(|| Error::Input(format!("the parameters hold no tensor {name}")))
    }
}

/// `x Wᵀ + b` with `W` of shape `(out, in)`.
#[derive(Debug)]
pub(crate) struct Linear {
    weight: Tensor,
    bias: Tensor,
}

impl Linear {
    pub fn load(w: &Weights) -> Result<Self> {
        Ok(Self { weight: w.tensor("weight")?, bias: w.tensor("bias")? })
    }

    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        Ok(x.f_linear(&self.weight, Some(&self.bias))?)
    }
}

/// `x W + b` with `W` of shape `(in, out)`: how GPT-2's checkpoints store their linear layers.
#[derive(Debug)]
pub(crate) struct Conv1d {
    weight: Tensor,
    bias: Tensor,
}

impl Conv1d {
    pub fn load(w: &Weights) -> Result<Self> {
        Ok(Self { weight: w.tensor("weight")?, bias: w.tensor("bias")? })
    }

    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let mut shape = x.size();
        let (inputs, outputs) = self.weight.size2()?;
        if let Some(last) = shape.last_mut() {
            *last = outputs;
        }
        Ok(self.bias.f_addmm(&x.f_reshape([-1, inputs])?, &self.weight)?.f_view(shape.as_slice())?)
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
