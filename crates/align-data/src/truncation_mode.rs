use serde::{Deserialize, Serialize};
use std::ops::Range;

/// Which end of a sequence is kept if it is too long, under TRL's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum), value(rename_all = "snake_case"))]
#[serde(rename_all = "snake_case")]
pub enum TruncationMode {
    /// The beginning; rows whose prompt fills the length are dropped.
    #[default]
    KeepStart,
    /// The end.
    KeepEnd,
}

impl TruncationMode {
    /// The tokens that are kept of a sequence.
    pub(crate) fn kept(self, length: usize, limit: usize) -> Range<usize> {
        match self {
            Self::KeepStart => 0..length.min(limit),
            Self::KeepEnd => length.saturating_sub(limit)..length,
        }
    }
}
