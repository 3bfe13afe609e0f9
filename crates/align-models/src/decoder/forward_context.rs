use super::{KvCache, Rotation, Rotations, SharedTokenRows};
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
    full: AttentionView,
    /// For blocks with a sliding window, if the decoder has any.
    sliding: Option<AttentionView>,
    /// The rows of attention, if they differ from those of the input.
    pub(super) rows: Option<SharedTokenRows>,
    pub(super) training: bool,
    pub(super) cache: Option<&'a mut KvCache>,
    /// Whether each row gets one new token, which attends to all tokens of its row in the cache.
    pub(super) is_decoding_step: bool,
}

/// What the attention of a block sees of the tokens: all earlier ones, or those in its window.
#[derive(Debug)]
pub(super) struct AttentionView {
    /// Additive mask that broadcasts to `(batch, heads, seq, keys)`.
    pub mask: Option<Tensor>,
    /// Whether to use LibTorch's causal kernel instead of a mask.
    pub is_causal: bool,
    pub rotation: Option<Rotation>,
}

impl<'a> ForwardContext<'a> {
    /// Creates the context for `(batch, seq)` tokens that follow those in the cache. `rotations` belong to the positions of these tokens,
    /// `window` is that of the blocks with a sliding window.
    ///
    /// # Errors
    /// The shape of a mask does not match.
    pub fn new(
        attention: &Attention,
        (batch, seq): (i64, i64),
        rotations: Rotations,
        window: Option<i64>,
        cache: Option<&'a mut KvCache>,
        training: bool,
        options: (Kind, Device),
    ) -> Result<Self> {
        let past = cache.as_deref().map_or(0, KvCache::len);
        let is_ragged = cache.as_deref().is_some_and(KvCache::is_ragged);
        let is_decoding_step = is_ragged && seq == 1 && !training && matches!(attention, Attention::Causal);
        let rows = if let Attention::SharedTokens { rows, .. } = attention { Some(rows.shallow_clone()) } else { None };
        let view = |window: Option<i64>, rotation: Option<Rotation>| {
            let (mask, is_causal) = causal_mask(attention, (batch, seq, past), window, options)?;
            let rotation = match (rotation, &rows) {
                (Some(rotation), Some(rows)) => Some(rotation.expand_to_rows(rows)?),
                (rotation, _) => rotation,
            };
            Result::Ok(AttentionView { mask, is_causal, rotation })
        };
        let full = view(None, rotations.full)?;
        let sliding = window.map(|window| view(Some(window), rotations.sliding)).transpose()?;
        Ok(Self { full, sliding, rows, training, cache, is_decoding_step })
    }

    /// The view of a block with this window.
    pub(super) fn view(&self, window: Option<i64>) -> &AttentionView {
        window.and(self.sliding.as_ref()).unwrap_or(&self.full)
    }

    /// A shallow clone without the cache.
    pub(super) fn without_cache(&self) -> ForwardContext<'static> {
        ForwardContext {
            full: self.full.shallow_clone(),
            sliding: self.sliding.as_ref().map(AttentionView::shallow_clone),
            rows: self.rows.as_ref().map(SharedTokenRows::shallow_clone),
            training: self.training,
            cache: None,
            is_decoding_step: false,
        }
    }
}

impl AttentionView {
    fn shallow_clone(&self) -> Self {
        Self {
            mask: self.mask.as_ref().map(Tensor::shallow_clone),
            is_causal: self.is_causal,
            rotation: self.rotation.as_ref().map(Rotation::shallow_clone),
        }
    }
}
