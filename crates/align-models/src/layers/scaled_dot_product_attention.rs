use crate::Result;
use tch::{Device, Kind, Tensor};

/// Attention scores held at once by [`attend`]'s plain way, in numbers: 64 MiB of float32.
const MAX_SCORES: i64 = 16 << 20;

/// What queries may see, and how much is forgotten.
pub(crate) struct AttentionArgs<'a> {
    /// Keys that there are: those behind are 0 and not seen.
    pub keys: i64,
    /// Additive mask that broadcasts to `(batch, heads, seq, keys)`.
    pub mask: Option<&'a Tensor>,
    /// Whether LibTorch's causal kernel does the masking.
    pub is_causal: bool,
    /// Share of attention weights that are dropped.
    pub dropout: f64,
    /// Factor of the scores.
    pub scale: f64,
}

/// Scaled dot-product attention: `(batch, heads, seq, head_dim)` queries over `(batch, kv_heads, room, head_dim)` keys and values,
/// each of which serves `heads / kv_heads` heads of the queries that stand side by side.
///
/// LibTorch's fused kernel multiplies small blocks one by one, and under oneDNN each of these products is set up anew, which
/// takes longer than the product of a decoding step's few queries. On a CPU and without a graph two batched products are
/// faster there.
pub(crate) fn scaled_dot_product_attention(
    query: &Tensor,
    key: &Tensor,
    value: &Tensor,
    args: &AttentionArgs,
) -> Result<Tensor> {
    let (batch, heads, seq, head_dim) = query.size4()?;
    let (_, kv_heads, room, _) = key.size4()?;
    let graph = query.requires_grad() || key.requires_grad() || value.requires_grad();
    let plain = query.device() == Device::Cpu && !args.is_causal && args.dropout == 0.0 && !graph;
    if !plain || batch * heads * seq * room > MAX_SCORES {
        let AttentionArgs { keys, mask, is_causal, dropout, scale } = *args;
        let (key, value) = (key.f_narrow(2, 0, keys)?, value.f_narrow(2, 0, keys)?);
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
    let mut scores = query.f_bmm(&flat(key, room)?.f_transpose(1, 2)?)?;
    if let Some(mask) = args.mask {
        let _ = scores.f_narrow(2, 0, args.keys)?.f_view([batch, heads, seq, args.keys])?.f_add_(mask)?;
    }
    if args.keys < room {
        let _ = scores.f_narrow(2, args.keys, room - args.keys)?.f_fill_(f64::NEG_INFINITY)?;
    }
    if scores.kind() == Kind::Float {
        let out = scores.shallow_clone();
        let _ = scores.f_softmax_int_out(&out, -1, Kind::Float)?;
    } else {
        scores = scores.f_softmax(-1, Kind::Float)?.f_to_kind(value.kind())?;
    }
    Ok(scores.f_bmm(&flat(value, room)?)?.f_view([batch, heads, seq, head_dim])?)
}
