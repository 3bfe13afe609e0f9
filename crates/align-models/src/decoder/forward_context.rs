use super::{KvCache, Rotation, SharedTokenRows};
use crate::layers::causal_mask;
use crate::{Attention, Result};
use tch::{Device, Kind, Tensor};

/// How blocks are computed.
#[derive(Debug, Clone, Copy, Default)]
pub struct Mode {
    /// Whether dropout is on.
    pub training: bool,
    /// Whether the backward pass computes each block again.
    pub gradient_checkpointing: bool,
}

/// What every block of a forward pass shares.
#[derive(Debug)]
pub struct ForwardContext<'a> {
    /// Additive mask that broadcasts to `(batch, heads, seq, keys)`.
    pub(super) mask: Option<Tensor>,
    /// Whether LibTorch's causal kernel does the masking.
    pub(super) is_causal: bool,
    /// The rows that attention goes over, where these are not the input's.
    pub(super) rows: Option<SharedTokenRows>,
    pub(super) rotation: Option<Rotation>,
    pub(super) training: bool,
    pub(super) cache: Option<&'a mut KvCache>,
}

impl<'a> ForwardContext<'a> {
    /// A pass over `(batch, seq)` tokens behind those that the cache holds. A `rotation` is that of these tokens' positions.
    ///
    /// # Errors
    /// A mask of another shape.
    pub fn new(
        attention: &Attention,
        (batch, seq): (i64, i64),
        rotation: Option<Rotation>,
        cache: Option<&'a mut KvCache>,
        training: bool,
        options: (Kind, Device),
    ) -> Result<Self> {
        let past = cache.as_deref().map_or(0, KvCache::len);
        let (mask, is_causal) = causal_mask(attention, batch, seq, past, options)?;
        let rows = if let Attention::SharedTokens { rows, .. } = attention { Some(rows.shallow_clone()) } else { None };
        let rotation = match (rotation, &rows) {
            (Some(rotation), Some(rows)) => Some(rotation.spread(rows)?),
            (rotation, _) => rotation,
        };
        Ok(Self { mask, is_causal, rows, rotation, training, cache })
    }

    /// The same without a cache, in the same memory.
    pub(super) fn without_cache(&self) -> ForwardContext<'static> {
        ForwardContext {
            mask: self.mask.as_ref().map(Tensor::shallow_clone),
            rows: self.rows.as_ref().map(SharedTokenRows::shallow_clone),
            rotation: self.rotation.as_ref().map(Rotation::shallow_clone),
            cache: None,
            ..*self
        }
    }
}
