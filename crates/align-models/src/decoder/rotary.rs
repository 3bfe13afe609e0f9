use super::SharedTokenRows;
use crate::Result;
use tch::{Device, Kind, Tensor};

/// Rotary position embeddings (arXiv:2104.09864) that pair the two halves of a head, as in GPT-NeoX and Llama.
#[derive(Debug)]
pub struct Rotary {
    /// The angle of each pair per position, `(dim / 2)`, float32.
    inverse_frequencies: Tensor,
    /// Scale of the rotated queries and keys.
    scale: f64,
}

impl Rotary {
    /// Rotates the first `dim` values of each head. The angle of pair `i` is the position times `theta^(−2 i / dim)`.
    ///
    /// # Errors
    /// Only errors of LibTorch.
    pub fn new(theta: f64, dim: i64, device: Device) -> Result<Self> {
        let even = Tensor::f_arange_start_step(0, dim, 2, (Kind::Float, device))?;
        let periods = Tensor::f_pow_scalar(theta, &even.f_div_scalar(dim as f64)?)?;
        Ok(Self::with_frequencies(periods.f_reciprocal()?, 1.0))
    }

    /// Uses the given angles per position, `(dim / 2)`, and a scale of the rotated queries and keys, for models with scaled positions (RoPE
    /// scaling).
    #[must_use]
    pub fn with_frequencies(inverse_frequencies: Tensor, scale: f64) -> Self {
        Self { inverse_frequencies, scale }
    }

    /// The rotation for tokens at `positions`, `(batch, seq)`, in `kind`.
    ///
    /// # Errors
    /// The positions have another shape.
    pub fn at(&self, positions: &Tensor, kind: Kind) -> Result<Rotation> {
        let precise = if kind == Kind::Double { Kind::Double } else { Kind::Float };
        let frequencies = self.inverse_frequencies.f_to_kind(precise)?;
        let angles = positions.f_to_kind(precise)?.f_unsqueeze(-1)?.f_mul(&frequencies)?;
        let scaled = |x: Tensor| x.f_mul_scalar(self.scale)?.f_to_kind(kind);
        Ok(Rotation { cos: scaled(angles.f_cos()?)?, sin: scaled(angles.f_sin()?)? })
    }
}

/// The sines and cosines for the tokens of a forward pass.
#[derive(Debug)]
pub struct Rotation {
    /// `(batch, seq, dim / 2)`.
    cos: Tensor,
    /// `(batch, seq, dim / 2)`.
    sin: Tensor,
}

impl Rotation {
    /// Rotates `(batch, heads, seq, head_dim)`.
    ///
    /// # Errors
    /// Another number of tokens, or heads that are too narrow.
    pub fn apply(&self, x: &Tensor) -> Result<Tensor> {
        let half = self.cos.size3()?.2;
        let (cos, sin) = (self.cos.f_unsqueeze(1)?, self.sin.f_unsqueeze(1)?);
        let (left, right) = (x.f_narrow(3, 0, half)?, x.f_narrow(3, half, half)?);
        let rotated_left = left.f_mul(&cos)?.f_sub(&right.f_mul(&sin)?)?;
        let rotated_right = right.f_mul(&cos)?.f_add(&left.f_mul(&sin)?)?;
        let rest = x.size4()?.3 - 2 * half;
        match rest > 0 {
            true => Ok(Tensor::f_cat(&[&rotated_left, &rotated_right, &x.f_narrow(3, 2 * half, rest)?], 3)?),
            false => Ok(Tensor::f_cat(&[&rotated_left, &rotated_right], 3)?),
        }
    }

    /// Copies the rotation of each token to the rows that share it.
    pub(super) fn expand_to_rows(&self, rows: &SharedTokenRows) -> Result<Self> {
        Ok(Self { cos: rows.expand_to_rows(&self.cos)?, sin: rows.expand_to_rows(&self.sin)? })
    }

    pub(super) fn shallow_clone(&self) -> Self {
        Self { cos: self.cos.shallow_clone(), sin: self.sin.shallow_clone() }
    }
}
