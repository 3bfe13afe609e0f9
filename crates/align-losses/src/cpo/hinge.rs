//! Uses the formula [`hinge`] from `dpo/hinge.rs`.

use super::{BuiltinLoss, sigmoid::margin};
use crate::{LossInfo, LossOption, Method, hinge};

pub(super) static LOSS: BuiltinLoss = BuiltinLoss {
    info: LossInfo {
        method: Method { name: "CPO", paper: "https://arxiv.org/abs/2401.08417" },
        help: "CPO with a hinge loss on the difference of log-probabilities",
        formula: "max(0, 1 − β (log π(y⁺) − log π(y⁻)))",
        options: &[LossOption::CpoAlpha],
        ..LossInfo::DEFAULT
    },
    evaluate: |logps, options| logps.output(hinge(&margin(&logps.in_loss)?, options.beta)?, options),
};
