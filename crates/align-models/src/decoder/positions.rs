use super::{KvCache, Rotary, Rotation};
use crate::Result;
use tch::{Kind, Tensor};

/// The position embeddings of a decoder.
#[derive(Debug)]
pub enum Positions {
    /// A learned embedding for each position, `(max_position_embeddings, hidden_size)`, added to the token embeddings.
    Learned(Tensor),
    /// Rotary embeddings of queries and keys.
    Rotary(Rotary),
    /// Different rotary embeddings for blocks with full attention and with a sliding window, as in Gemma 3.
    RotaryByWindow {
        /// Of blocks with full attention.
        full: Rotary,
        /// Of blocks with a sliding window.
        sliding: Rotary,
    },
}

/// The rotations of a forward pass; none with learned positions.
#[derive(Debug, Default)]
pub struct Rotations {
    /// For blocks with full attention.
    pub full: Option<Rotation>,
    /// For blocks with a sliding window.
    pub sliding: Option<Rotation>,
}

impl Positions {
    /// Whether the position embeddings of all tokens depend on the length of the longest text.
    pub(super) fn scale_with_length(&self) -> bool {
        match self {
            Self::Learned(_) => false,
            Self::Rotary(rotary) => rotary.scales_with_length(),
            Self::RotaryByWindow { full, sliding } => full.scales_with_length() || sliding.scales_with_length(),
        }
    }

    /// The rotations for tokens at `positions`, `(batch, seq)`.
    pub(super) fn rotations(
        &self,
        positions: &Tensor,
        mut cache: Option<&mut KvCache>,
        kind: Kind,
    ) -> Result<Rotations> {
        match self {
            Self::Learned(_) => Ok(Rotations::default()),
            Self::Rotary(rotary) => {
                let full = rotary.at(positions, cache, kind)?;
                Ok(Rotations { sliding: Some(full.shallow_clone()), full: Some(full) })
            }
            Self::RotaryByWindow { full, sliding } => Ok(Rotations {
                full: Some(full.at(positions, cache.as_deref_mut(), kind)?),
                sliding: Some(sliding.at(positions, cache, kind)?),
            }),
        }
    }
}
