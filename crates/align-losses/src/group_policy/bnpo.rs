use super::clipped::clipped;
use super::{Aggregation, BuiltinLoss};
use crate::{LossInfo, Method};

pub(super) static LOSS: BuiltinLoss = BuiltinLoss {
    info: LossInfo {
        method: Method { name: "BNPO", paper: "https://arxiv.org/abs/2402.03300" },
        help: "GRPO's loss averaged over the tokens of a batch",
        formula: "mean over the tokens of a batch of ℓ_t",
        ..LossInfo::DEFAULT
    },
    term: clipped,
    aggregation: Aggregation::MeanOfBatch,
};
