use super::{BuiltinLoss, sigmoid::margin};
use crate::{LossInfo, LossOption, Method, ipo_sum};

pub(super) static LOSS: BuiltinLoss = BuiltinLoss {
    info: LossInfo {
        method: Method { name: "CPO", paper: "https://arxiv.org/abs/2401.08417" },
        help: "CPO with IPO's squared loss on mean log-probabilities per token",
        formula: "(log π(y⁺)/n⁺ − log π(y⁻)/n⁻ − 1/(2β))²",
        options: &[LossOption::CpoAlpha],
        length_normalised: true,
        ..LossInfo::DEFAULT
    },
    evaluate: |logps, options| logps.output(ipo_sum(&margin(&logps.in_loss)?, options.beta)?, options),
};
