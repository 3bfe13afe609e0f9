use super::{TrainingConfig, require};
use crate::Result;
use align_models::CausalLm;
use serde::{Deserialize, Serialize};

/// Most tokens computed, as a share of those of the padded rows, at which sharing is the faster way: what it saves of a model's
/// layers must pay for laying tokens out for attention and back. `benches/README.md` has the figures.
const WORTH_IT: f64 = 0.95;

/// Whether what a pair's two sequences have in common at their beginning, the prompt first of all, is computed once for both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PrefixSharing {
    /// Where it is the faster way: for each part of a batch by how many tokens it spares, padding included.
    #[default]
    Auto,
    /// Always.
    On,
    /// Never.
    Off,
}

impl PrefixSharing {
    /// Refuses what stands in its way.
    pub(crate) fn validate(self, training: &TrainingConfig) -> Result<()> {
        require("prefix_sharing", self != Self::On || training.disable_dropout, || {
            "is on, but with dropout a prefix is dropped from anew in each sequence: set disable_dropout, or prefix_sharing to auto or off"
                .into()
        })
    }

    /// The same for a model: auto is off where there is something in its way.
    pub(crate) fn for_model(self, model: &dyn CausalLm, training: &TrainingConfig) -> Result<Self> {
        require("prefix_sharing", self != Self::On || model.supports_shared_tokens(), || {
            "is on, but the model cannot attend over rows that share tokens: set it to auto or off".into()
        })?;
        Ok(if model.supports_shared_tokens() { self.with(training) } else { Self::Off })
    }

    /// The same, off where there is dropout.
    pub(super) fn with(self, training: &TrainingConfig) -> Self {
        if training.disable_dropout { self } else { Self::Off }
    }

    /// Whether sequences that take `padded` tokens in padded rows, and `distinct` where each is computed once, share them.
    pub(crate) fn shares(self, distinct: usize, padded: usize) -> bool {
        match self {
            Self::Auto => (distinct as f64) < WORTH_IT * padded as f64,
            Self::On => true,
            Self::Off => false,
        }
    }
}
