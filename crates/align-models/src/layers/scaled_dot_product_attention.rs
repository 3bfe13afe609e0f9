use super::dropout;
use crate::Result;
use align_torch::{flash_attention, has_fused_nodes};
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
    /// Scores `s` become `cap · tanh(s / cap)` (Gemma 2).
    pub softcap: Option<f64>,
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
    if let Some(cap) = args.softcap {
        return softcapped_attention(query, key, value, args, cap);
    }
    let (batch, heads, seq, head_dim) = query.size4()?;
    let (_, kv_heads, slots, _) = key.size4()?;
    let graph = query.requires_grad() || key.requires_grad() || value.requires_grad();
    let plain = query.device() == Device::Cpu && !args.is_causal && args.dropout == 0.0 && !graph;
    if !plain || batch * heads * seq * slots > MAX_SCORES {
        return fused_attention(query, key, value, args);
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

/// LibTorch's attention. Its fused kernels need a key and a value for each query head, except on a GPU without a mask.
fn fused_attention(query: &Tensor, key: &Tensor, value: &Tensor, args: &AttentionArgs) -> Result<Tensor> {
    let AttentionArgs { key_len, mask, is_causal, dropout, scale, .. } = *args;
    let (heads, kv_heads) = (query.size4()?.1, key.size4()?.1);
    let grouped = heads != kv_heads && query.device() != Device::Cpu && mask.is_none();
    let of_heads = |x: &Tensor| {
        let x = x.f_narrow(2, 0, key_len)?;
        if grouped { Ok(x) } else { repeat_heads(&x, heads) }
    };
    let (key, value) = (of_heads(key)?, of_heads(value)?);
    if has_fused_nodes(query) && dropout == 0.0 && query.numel() > 0 && key.numel() > 0 {
        return Ok(flash_attention(query, &key, &value, mask, is_causal, scale)?);
    }
    Ok(Tensor::f_scaled_dot_product_attention(query, &key, &value, mask, dropout, is_causal, scale, grouped)?)
}

/// Repeats keys or values for the query heads that share them.
fn repeat_heads(x: &Tensor, heads: i64) -> Result<Tensor> {
    let (batch, kv_heads, len, head_dim) = x.size4()?;
    if heads == kv_heads {
        return Ok(x.shallow_clone());
    }
    let expanded = x.f_unsqueeze(2)?.f_expand([batch, kv_heads, heads / kv_heads.max(1), len, head_dim], false)?;
    Ok(expanded.f_reshape([batch, heads, len, head_dim])?)
}

/// Attention whose scores are capped before the mask, which LibTorch has no kernel for.
fn softcapped_attention(
    query: &Tensor,
    key: &Tensor,
    value: &Tensor,
    args: &AttentionArgs,
    cap: f64,
) -> Result<Tensor> {
    let (batch, heads, seq, head_dim) = query.size4()?;
    let (kv_heads, key_len) = (key.size4()?.1, args.key_len);
    let (key, value) = (key.f_narrow(2, 0, key_len)?, value.f_narrow(2, 0, key_len)?);
    let grouped = query.f_reshape([batch, kv_heads, heads / kv_heads.max(1) * seq, head_dim])?;
    let scores = grouped.f_matmul(&key.f_transpose(2, 3)?)?.f_mul_scalar(args.scale / cap)?.f_tanh()?;
    let mut scores = scores.f_mul_scalar(cap)?.f_view([batch, heads, seq, key_len])?;
    if let Some(mask) = args.mask {
        scores = scores.f_add(mask)?;
    }
    if args.is_causal {
        let future = Tensor::f_ones([seq, key_len], (Kind::Bool, query.device()))?.f_triu(1)?;
        scores = scores.f_masked_fill(&future, f64::NEG_INFINITY)?;
    }
    let wide = if query.kind() == Kind::Double { Kind::Double } else { Kind::Float };
    let weights = dropout(scores.f_softmax(-1, wide)?.f_to_kind(value.kind())?, args.dropout, args.dropout > 0.0)?;
    let attended = weights.f_reshape([batch, kv_heads, -1, key_len])?.f_matmul(&value)?;
    Ok(attended.f_view([batch, heads, seq, head_dim])?)
}
