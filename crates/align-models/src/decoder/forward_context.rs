use super::{KvCache, Rotation, SharedTokenRows};
use crate::layers::causal_mask;
use crate::{Attention, Result};
use tch::{Device, Kind, Tensor};

/// The mode of a model.
#[derive(Debug, Clone, Copy, Default)]
pub struct Mode {
    /// Whether dropout is on.
    pub training: bool,
    /// Whether gradient checkpointing is on.
    pub gradient_checkpointing: bool,
}

/// The inputs of a forward pass that all blocks share.
#[derive(Debug)]
pub struct ForwardContext<'a> {
    /// Additive mask that broadcasts to `(batch, heads, seq, keys)`.
    pub(super) mask: Option<Tensor>,
    /// Whether to use LibTorch's causal kernel instead of a mask.
    pub(super) is_causal: bool,
    /// The rows of attention, if they differ from those of the input.
    pub(super) rows: Option<SharedTokenRows>,
    pub(super) rotation: Option<Rotation>,
    pub(super) training: bool,
    pub(super) cache: Option<&'a mut KvCache>,
}

impl<'a> ForwardContext<'a> {
    /// Creates the context for `(batch, seq)` tokens that follow those in the cache. `rotation` belongs to the positions of these tokens.
    ///
    /// # Errors
    /// The shape of a mask does not match.
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
            (Some(rotation), Some(rows)) => Some(rotation.expand_to_rows(rows)?),
            (rotation, _) => rotation,
        };
        Ok(Self { mask, is_causal, rows, rotation, training, cache })
    }

    /// A shallow clone without the cache.
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
