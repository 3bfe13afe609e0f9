use crate::Result;
use serde::{Deserialize, Serialize};
use tch::Tensor;

/// The non-linearity of a feed-forward layer, under transformers' names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Activation {
    /// `x Φ(x)` with the exact normal distribution function.
    Gelu,
    /// GELU by its tanh approximation, as GPT-2 was trained.
    #[serde(alias = "gelu_pytorch_tanh", alias = "gelu_fast")]
    GeluNew,
    /// `max(0, x)`.
    Relu,
    /// `x σ(x)`.
    #[serde(alias = "swish")]
    Silu,
}

impl Activation {
    /// Applies it to every element.
    ///
    /// # Errors
    /// Only what LibTorch refuses.
    pub fn forward(self, x: &Tensor) -> Result<Tensor> {
        Ok(match self {
            Self::Gelu => x.f_gelu("none")?,
            Self::GeluNew => x.f_gelu("tanh")?,
            Self::Relu => x.f_relu()?,
            Self::Silu => x.f_silu()?,
        })
    }
}
