use super::{KvCache, RopeScaling, SharedTokenRows};
use crate::Result;
use align_torch::{has_fused_nodes, rotate_halves};
use tch::{Device, Kind, Tensor};

/// Rotary position embeddings (arXiv:2104.09864) that pair the two halves of a head, as in GPT-NeoX and Llama.
#[derive(Debug)]
pub struct Rotary {
    theta: f64,
    dim: i64,
    scaling: RopeScaling,
    /// The angle of each pair per position for short texts, `(dim / 2)`, float32.
    inverse_frequencies: Tensor,
}

impl Rotary {
    /// Rotates the first `dim` values of each head. The angle of pair `i` is the position times `theta^(−2 i / dim)`, scaled.
    ///
    /// # Errors
    /// Only errors of LibTorch.
    pub fn new(theta: f64, dim: i64, scaling: RopeScaling, device: Device) -> Result<Self> {
        let inverse_frequencies = frequencies(&scaling, theta, dim, 0, device)?;
        Ok(Self { theta, dim, scaling, inverse_frequencies })
    }

    /// Whether the angles depend on the length of the longest text.
    pub(super) fn scales_with_length(&self) -> bool {
        matches!(self.scaling, RopeScaling::Dynamic { .. })
    }

    /// The rotation for tokens at `positions`, `(batch, seq)`, in `kind`. The cache remembers the longest text, by which
    /// [`RopeScaling::Dynamic`] scales.
    ///
    /// # Errors
    /// The positions have another shape.
    pub fn at(&self, positions: &Tensor, cache: Option<&mut KvCache>, kind: Kind) -> Result<Rotation> {
        let precise = if kind == Kind::Double { Kind::Double } else { Kind::Float };
        let frequencies = match self.scaling {
            RopeScaling::Dynamic { .. } => {
                let longest = positions.f_max()?.f_int64_value(&[])? + 1;
                let longest = cache.map_or(longest, |cache| cache.lengthen(longest));
                &frequencies(&self.scaling, self.theta, self.dim, longest, positions.device())?
            }
            _ => &self.inverse_frequencies,
        };
        let angles = positions.f_to_kind(precise)?.f_unsqueeze(-1)?.f_mul(&frequencies.f_to_kind(precise)?)?;
        let scale = self.scaling.attention_factor();
        let scaled = |x: Tensor| if scale == 1.0 { x.f_to_kind(kind) } else { x.f_mul_scalar(scale)?.f_to_kind(kind) };
        Ok(Rotation { cos: scaled(angles.f_cos()?)?, sin: scaled(angles.f_sin()?)? })
    }
}

fn frequencies(scaling: &RopeScaling, theta: f64, dim: i64, length: i64, device: Device) -> Result<Tensor> {
    let found = scaling.inverse_frequencies(theta, dim, length);
    Ok(Tensor::f_from_slice(&found)?.f_to_kind(Kind::Float)?.f_to_device(device)?)
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
        if has_fused_nodes(x) {
            return Ok(rotate_halves(x, &self.cos, &self.sin)?);
        }
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
