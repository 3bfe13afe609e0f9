use crate::Result;
use tch::{Device, Kind, Tensor};

/// Maximum number of attention scores that the batched products hold at a time: 64 MiB in float32.
const MAX_SCORES: i64 = 16 << 20;

/// Mask, dropout and scale of [`scaled_dot_product_attention`].
pub(crate) struct AttentionArgs<'a> {
    /// Number of keys. Later slots of the cache are unused, and are excluded.
    pub key_len: i64,
    /// Additive mask that broadcasts to `(batch, heads, seq, keys)`.
    pub mask: Option<&'a Tensor>,
    /// Whether to use LibTorch's causal kernel instead of a mask.
    pub is_causal: bool,
    /// Dropout probability of the attention weights.
    pub dropout: f64,
    /// Scale of the scores.
    pub scale: f64,
}

/// Scaled dot-product attention: `(batch, heads, seq, head_dim)` queries over `(batch, kv_heads, slots, head_dim)` keys and values,
/// each of which is shared by `heads / kv_heads` consecutive query heads.
///
/// LibTorch's fused kernel multiplies small blocks one by one. Under oneDNN the setup of each product takes longer than the product
/// itself for the few queries of a decoding step. Therefore two batched products are used on a CPU if no graph is recorded.
pub(crate) fn scaled_dot_product_attention(
    query: &Tensor,
    key: &Tensor,
    value: &Tensor,
    args: &AttentionArgs,
) -> Result<Tensor> {
    let (batch, heads, seq, head_dim) = query.size4()?;
    let (_, kv_heads, slots, _) = key.size4()?;
    let graph = query.requires_grad() || key.requires_grad() || value.requires_grad();
    let plain = query.device() == Device::Cpu && !args.is_causal && args.dropout == 0.0 && !graph;
    if !plain || batch * heads * seq * slots > MAX_SCORES {
        let AttentionArgs { key_len, mask, is_causal, dropout, scale } = *args;
        let (key, value) = (key.f_narrow(2, 0, key_len)?, value.f_narrow(2, 0, key_len)?);
        return Ok(Tensor::f_scaled_dot_product_attention(
            query,
            &key,
            &value,
            mask,
            dropout,
            is_causal,
            scale,
            heads != kv_heads,
        )?);
    }
    let flat = |x: &Tensor, len: i64| x.f_reshape([batch * kv_heads, len, head_dim]);
    let query = flat(&query.f_mul_scalar(args.scale)?, seq * (heads / kv_heads.max(1)))?;
    let mut scores = query.f_bmm(&flat(key, slots)?.f_transpose(1, 2)?)?;
    if let Some(mask) = args.mask {
        let _ = scores.f_narrow(2, 0, args.key_len)?.f_view([batch, heads, seq, args.key_len])?.f_add_(mask)?;
    }
    if args.key_len < slots {
        let _ = scores.f_narrow(2, args.key_len, slots - args.key_len)?.f_fill_(f64::NEG_INFINITY)?;
    }
    if scores.kind() == Kind::Float {
        let out = scores.shallow_clone();
        let _ = scores.f_softmax_int_out(&out, -1, Kind::Float)?;
    } else {
        scores = scores.f_softmax(-1, Kind::Float)?.f_to_kind(value.kind())?;
    }
    Ok(scores.f_bmm(&flat(value, slots)?)?.f_view([batch, heads, seq, head_dim])?)
}
