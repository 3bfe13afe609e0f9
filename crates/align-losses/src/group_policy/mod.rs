//! Policy-gradient losses on groups of completions of one prompt, GRPO and RLOO, with TRL's names: the advantages of the rewards, and the
//! loss of the tokens' log-probabilities. Each loss type is a file, as in [`dpo`](crate::LossType).

mod bnpo;
mod cispo;
mod clip_range;
mod clipped;
mod dapo;
mod dr_grpo;
mod grpo;
mod grpo_advantages;
mod grpo_loss;
mod grpo_options;
mod kl;
mod luspo;
mod moments;
mod output;
mod policy_tokens;
mod ratio;
mod rewards;
mod rloo_advantages;
mod rloo_loss;
mod sapo;
mod statistics;
mod token_term;
mod truncated;
mod vespo;

pub use clip_range::ClipRange;
pub use grpo_advantages::{MultiObjectiveAggregation, ScaleRewards, grpo_advantages};
pub use grpo_loss::GrpoLoss;
pub use grpo_options::GrpoOptions;
pub use kl::k3_kl;
pub use output::{GroupPolicyLoss, GroupPolicyOutput};
pub use policy_tokens::PolicyTokens;
pub use ratio::ImportanceSamplingLevel;
pub use rewards::{GroupRewards, RewardStatistics};
pub use rloo_advantages::{RlooAdvantageOptions, rloo_advantages};
pub use rloo_loss::{RlooLoss, RlooOptions};
pub use statistics::PolicyStatistics;
pub use truncated::{is_truncated, mask_truncated};

use crate::{LossInfo, Result, loss_info::loss_types};
use ratio::Ratio;
use token_term::Term;

/// The loss of each token without KL penalty, as a function of tokens, ratios and options.
type TokenTerm = fn(&PolicyTokens, &Ratio, &GrpoOptions) -> Result<Term>;

/// A loss type of GRPO.
struct BuiltinLoss {
    info: LossInfo,
    /// The loss of each token.
    term: TokenTerm,
    /// How the tokens' losses become one number.
    aggregation: Aggregation,
}

/// How the losses of tokens are averaged. `n` is the number of tokens of a completion, at least 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Aggregation {
    /// The mean over completions of the sum over tokens, divided by `n`.
    MeanPerCompletion,
    /// The mean over completions of the sum over tokens.
    SumPerCompletion,
    /// The mean over completions of the sum over tokens, divided by `max_completion_length`.
    PerMaximumLength,
    /// The mean over the tokens of a batch.
    MeanOfBatch,
    /// The mean over the tokens of an optimiser step.
    MeanOfStep,
}

loss_types! {
    /// The loss type of GRPO, under TRL's names. [`GrpoLoss`] computes it.
    pub enum GrpoLossType: BuiltinLoss {
        /// A mean over each completion's tokens, then over completions (DeepSeekMath).
        Grpo = grpo,
        /// A mean over the tokens of a batch.
        Bnpo = bnpo,
        /// A sum over each completion's tokens divided by a constant (Dr. GRPO).
        DrGrpo = dr_grpo,
        /// A mean over the tokens of an optimiser step (DAPO).
        #[default]
        Dapo = dapo,
        /// Log-probabilities weighted by capped ratios (CISPO, MiniMax-M1).
        Cispo = cispo,
        /// A smooth gate in place of the clip (SAPO).
        Sapo = sapo,
        /// A sum over each completion's tokens with a ratio of sequences (LUSPO).
        Luspo = luspo,
        /// Log-probabilities weighted by a gamma function of the ratio of sequences (VESPO).
        Vespo = vespo,
    }
}

impl GrpoLossType {
    /// Whether the loss clips the ratio: it takes `epsilon`, `epsilon_high` and `delta`.
    #[must_use]
    pub fn clips(self) -> bool {
        matches!(self, Self::Grpo | Self::Bnpo | Self::DrGrpo | Self::Dapo | Self::Luspo)
    }
}
