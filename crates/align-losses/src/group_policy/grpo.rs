use super::clipped::clipped;
use super::{Aggregation, BuiltinLoss};
use crate::{LossInfo, Method};

pub(super) static LOSS: BuiltinLoss = BuiltinLoss {
    info: LossInfo {
        method: Method { name: "GRPO", paper: "https://arxiv.org/abs/2402.03300" },
        help: "GRPO: PPO's clip, averaged over each completion's tokens, then over completions",
        formula: "mean over y of 1/n Σ_t ℓ_t",
        ..LossInfo::DEFAULT
    },
    term: clipped,
    aggregation: Aggregation::MeanPerCompletion,
};
