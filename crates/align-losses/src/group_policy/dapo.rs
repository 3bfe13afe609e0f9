use super::clipped::clipped;
use super::{Aggregation, BuiltinLoss};
use crate::{LossInfo, Method};

pub(super) static LOSS: BuiltinLoss = BuiltinLoss {
    info: LossInfo {
        method: Method { name: "DAPO", paper: "https://arxiv.org/abs/2503.14476" },
        help: "DAPO: GRPO's loss averaged over all tokens of an optimiser step",
        formula: "mean over the tokens of a step of ℓ_t",
        ..LossInfo::DEFAULT
    },
    term: clipped,
    aggregation: Aggregation::MeanOfStep,
};
