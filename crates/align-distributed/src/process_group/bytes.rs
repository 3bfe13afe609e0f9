//! Tensors of any type as bytes, which Gloo need not understand.

use crate::error::Result;
use tch::{Kind, Tensor};

/// The values of a tensor as a vector of bytes. A contiguous tensor shares its memory with it.
pub(super) fn to_bytes(tensor: &Tensor) -> Result<Tensor> {
    Ok(tensor.detach().f_contiguous()?.f_view([-1])?.f_view_dtype(Kind::Uint8)?)
}

/// A tensor of the given type and shape that shares its memory with a vector of bytes.
pub(super) fn from_bytes(bytes: &Tensor, kind: Kind, shape: &[i64]) -> std::result::Result<Tensor, String> {
    bytes.f_view_dtype(kind).and_then(|values| values.f_view(shape)).map_err(|e| e.to_string())
}
