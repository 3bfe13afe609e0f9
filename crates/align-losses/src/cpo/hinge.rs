//! Uses the formula [`hinge`] from `dpo/hinge.rs`.

use super::{Formula, sigmoid::margin};
use crate::{LossInfo, LossOption, Method, hinge};

pub(super) static LOSS: Formula = Formula {
    info: LossInfo {
        method: Method { name: "CPO", paper: "https://arxiv.org/abs/2401.08417" },
        help: "CPO with the hinge loss of the log-probabilities' margin",
        options: &[LossOption::CpoAlpha],
        ..LossInfo::DEFAULT
    },
    evaluate: |logps, options| logps.output(hinge(&margin(&logps.in_loss)?, options.beta)?, options),
};
