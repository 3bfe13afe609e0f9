use super::clipped::clipped;
use super::{Aggregation, BuiltinLoss};
use crate::{LossInfo, Method};

pub(super) static LOSS: BuiltinLoss = BuiltinLoss {
    info: LossInfo {
        method: Method { name: "Dr. GRPO", paper: "https://arxiv.org/abs/2503.20783" },
        help: "Dr. GRPO: each completion's sum over its tokens divided by the constant max_completion_length, which removes the bias by length",
        formula: "mean over y of 1/L Σ_t ℓ_t",
        ..LossInfo::DEFAULT
    },
    term: clipped,
    aggregation: Aggregation::PerMaximumLength,
};
