//! Rows of token ids from and to tensors.

use super::GenerationError;
use tch::{Kind, Tensor};

/// Rows of equal length as int64, `(rows, length)`.
pub(super) fn matrix(rows: &[Vec<i64>]) -> crate::Result<Tensor> {
    Ok(Tensor::f_from_slice(&rows.concat())?.f_view([rows.len() as i64, -1])?)
}

/// The rows of an int64 or bool tensor, `(batch, seq)`. `name` is for error messages.
pub(super) fn to_rows(tensor: &Tensor, name: &str) -> crate::Result<Vec<Vec<i64>>> {
    if tensor.dim() != 2 {
        let found = tensor.size();
        return Err(GenerationError::Prompt(format!("{name} has shape {found:?}, expected (batch, seq)")).into());
    }
    if !matches!(tensor.kind(), Kind::Int64 | Kind::Int | Kind::Bool) {
        return Err(GenerationError::Prompt(format!("{name} is {:?}, expected int64", tensor.kind())).into());
    }
    let rows = tensor.f_to_kind(Kind::Int64)?.f_to_device(tch::Device::Cpu)?;
    Ok(Vec::<Vec<i64>>::try_from(&rows)?)
}
