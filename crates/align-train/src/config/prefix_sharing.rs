use super::{TrainingConfig, require};
use crate::Result;
use align_models::CausalLm;
use serde::{Deserialize, Serialize};

/// `auto` shares prefixes if fewer than this fraction of the padded tokens remain to be computed. The saving must outweigh the cost of
/// rearranging tokens for attention. `benches/README.md` has the measurements.
const MAX_COMPUTED_FRACTION: f64 = 0.95;

/// Whether a common prefix of sequences is computed once: the prompt of a pair or of several completions with any equal tokens after it, and
/// the common beginning of different prompts, such as a system message. On a GPU the gradients of a token that more than two sequences share are
/// added in any order, so that the last bits of two runs may differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum), value(rename_all = "snake_case"))]
#[serde(rename_all = "snake_case")]
pub enum PrefixSharing {
    /// If it is faster. Decided for each micro-batch by the number of tokens saved, padding included.
    #[default]
    Auto,
    /// Always.
    On,
    /// Never.
    Off,
}

impl PrefixSharing {
    /// Checks that `on` is possible with these training options.
    pub(crate) fn validate(self, training: &TrainingConfig) -> Result<()> {
        require("prefix_sharing", self != Self::On || training.disable_dropout, || {
            "is on, but dropout would make the prefix differ between the sequences: set disable_dropout, or set prefix_sharing to auto or off"
                .into()
        })
    }

    /// The setting for this model: `auto` becomes `off` if the model or dropout makes sharing impossible.
    pub(crate) fn for_model(self, model: &dyn CausalLm, training: &TrainingConfig) -> Result<Self> {
        require("prefix_sharing", self != Self::On || model.supports_shared_tokens(), || {
            "is on, but this model does not support attention over sequences that share tokens: set it to auto or off"
                .into()
        })?;
        Ok(if model.supports_shared_tokens() { self.off_with_dropout(training) } else { Self::Off })
    }

    /// This setting, or `off` if training uses dropout.
    pub(in crate::config) fn off_with_dropout(self, training: &TrainingConfig) -> Self {
        if training.disable_dropout { self } else { Self::Off }
    }

    /// Whether to share prefixes if the sequences have `padded` tokens with padding and `distinct` tokens when shared.
    pub(crate) fn shares(self, distinct: usize, padded: usize) -> bool {
        match self {
            Self::Auto => (distinct as f64) < MAX_COMPUTED_FRACTION * padded as f64,
            Self::On => true,
            Self::Off => false,
        }
    }
}
