use crate::Result;
use serde::de::{Deserializer, Error};
use serde::{Deserialize, Serialize};
use tch::Tensor;

/// The non-linearity of a feed-forward layer, under transformers' names (`ACT2FN`). Names of one function are one variant, which
/// is saved under its first name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Activation {
    /// `x Φ(x)` with the exact normal distribution function; also `gelu_python`.
    Gelu,
    /// GELU, clipped to the range −10 to 10.
    #[serde(rename = "gelu_10")]
    Gelu10,
    /// GELU by its tanh approximation, as GPT-2 was trained; also `gelu_fast`, `gelu_pytorch_tanh`, `gelu_python_tanh` and
    /// `gelu_accurate`.
    GeluNew,
    /// `x relu6(x + 3) / 6`.
    #[serde(rename = "hardswish")]
    HardSwish,
    /// The distribution function of the normal distribution with mean 0.707107 and standard deviation 0.282095.
    Laplace,
    /// `x` above 0, `0.01 x` below.
    LeakyRelu,
    /// `x`.
    Linear,
    /// `x tanh(softplus(x))`.
    Mish,
    /// `x σ(1.702 x)`.
    QuickGelu,
    /// `max(0, x)`.
    Relu,
    /// `max(0, x)²`.
    Relu2,
    /// `min(max(0, x), 6)`.
    Relu6,
    /// `σ(x)`.
    Sigmoid,
    /// `x σ(x)`; also `swish`.
    Silu,
    /// `√softplus(x)`.
    #[serde(rename = "sqrtsoftplus")]
    SqrtSoftplus,
    /// `tanh(x)`.
    Tanh,
}

/// transformers' names.
const NAMES: [(&str, Activation); 22] = [
    ("gelu", Activation::Gelu),
    ("gelu_10", Activation::Gelu10),
    ("gelu_accurate", Activation::GeluNew),
    ("gelu_fast", Activation::GeluNew),
    ("gelu_new", Activation::GeluNew),
    ("gelu_python", Activation::Gelu),
    ("gelu_python_tanh", Activation::GeluNew),
    ("gelu_pytorch_tanh", Activation::GeluNew),
    ("hardswish", Activation::HardSwish),
    ("laplace", Activation::Laplace),
    ("leaky_relu", Activation::LeakyRelu),
    ("linear", Activation::Linear),
    ("mish", Activation::Mish),
    ("quick_gelu", Activation::QuickGelu),
    ("relu", Activation::Relu),
    ("relu2", Activation::Relu2),
    ("relu6", Activation::Relu6),
    ("sigmoid", Activation::Sigmoid),
    ("silu", Activation::Silu),
    ("sqrtsoftplus", Activation::SqrtSoftplus),
    ("swish", Activation::Silu),
    ("tanh", Activation::Tanh),
];

/// Mean and standard deviation of the normal distribution in `laplace`: √½ and √(1 / 4π), rounded as in transformers.
#[allow(clippy::approx_constant)]
const LAPLACE_MEAN: f64 = 0.707_107;
const LAPLACE_DEVIATION: f64 = 0.282_095;

/// Names of transformers whose functions have weights of their own.
const WITH_WEIGHTS: [&str; 2] = ["prelu", "xielu"];

impl<'de> Deserialize<'de> for Activation {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        if let Some((_, known)) = NAMES.iter().find(|(known, _)| *known == name) {
            return Ok(*known);
        }
        if WITH_WEIGHTS.contains(&name.as_str()) {
            return Err(D::Error::custom(format!("{name} has weights of its own, which is not supported")));
        }
        let known = NAMES.map(|(name, _)| name).join(", ");
        Err(D::Error::custom(format!("{name:?} is not a supported activation; supported are {known}")))
    }
}

impl Activation {
    /// Applies it to every element.
    ///
    /// # Errors
    /// Only errors of LibTorch.
    pub fn forward(self, x: &Tensor) -> Result<Tensor> {
        Ok(match self {
            Self::Gelu => x.f_gelu("none")?,
            Self::Gelu10 => x.f_gelu("none")?.f_clamp(-10.0, 10.0)?,
            Self::GeluNew => x.f_gelu("tanh")?,
            Self::HardSwish => x.f_hardswish()?,
            Self::Laplace => {
                let scaled =
                    x.f_sub_scalar(LAPLACE_MEAN)?.f_div_scalar(LAPLACE_DEVIATION * std::f64::consts::SQRT_2)?;
                scaled.f_erf()?.f_add_scalar(1.0)?.f_mul_scalar(0.5)?
            }
            Self::LeakyRelu => x.f_leaky_relu()?,
            Self::Linear => x.shallow_clone(),
            Self::Mish => x.f_mish()?,
            Self::QuickGelu => x.f_mul(&x.f_mul_scalar(1.702)?.f_sigmoid()?)?,
            Self::Relu => x.f_relu()?,
            Self::Relu2 => x.f_relu()?.f_square()?,
            Self::Relu6 => x.f_relu6()?,
            Self::Sigmoid => x.f_sigmoid()?,
            Self::Silu => x.f_silu()?,
            Self::SqrtSoftplus => x.f_softplus()?.f_sqrt()?,
            Self::Tanh => x.f_tanh()?,
        })
    }
}
