use crate::Result;
use tch::Tensor;

/// Reshapes `(batch, seq, heads · head_dim)` to `(batch, heads, seq, head_dim)`.
pub(crate) fn split_heads(x: &Tensor, heads: i64) -> Result<Tensor> {
    let (batch, seq, width) = x.size3()?;
    Ok(x.f_view([batch, seq, heads, width / heads])?.f_transpose(1, 2)?)
}

/// Reshapes `(batch, heads, seq, head_dim)` to `(batch, seq, heads · head_dim)`.
pub(crate) fn merge_heads(x: &Tensor) -> Result<Tensor> {
    let (batch, heads, seq, head_dim) = x.size4()?;
    Ok(x.f_transpose(1, 2)?.f_reshape([batch, seq, heads * head_dim])?)
}
