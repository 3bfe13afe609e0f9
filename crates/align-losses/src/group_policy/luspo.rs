use super::clipped::clipped;
use super::{Aggregation, BuiltinLoss};
use crate::{LossInfo, Method};

pub(super) static LOSS: BuiltinLoss = BuiltinLoss {
    info: LossInfo {
        method: Method { name: "LUSPO", paper: "https://arxiv.org/abs/2602.05261" },
        help: "LUSPO: the sum over each completion's tokens, with a ratio of sequences",
        formula: "mean over y of Σ_t ℓ_t",
        ..LossInfo::DEFAULT
    },
    term: clipped,
    aggregation: Aggregation::SumPerCompletion,
};
