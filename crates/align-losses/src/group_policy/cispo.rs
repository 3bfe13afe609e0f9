use super::ratio::Ratio;
use super::token_term::{Shown, Term};
use super::{Aggregation, BuiltinLoss, GrpoOptions, PolicyTokens};
use crate::{LossInfo, Method, Result};

pub(super) static LOSS: BuiltinLoss = BuiltinLoss {
    info: LossInfo {
        method: Method { name: "CISPO", paper: "https://arxiv.org/abs/2506.13585" },
        help: "CISPO: log-probabilities weighted by the advantage and the ratio, which is at most epsilon_high",
        formula: "mean over the tokens of a step of −sg(min(r_t, ε_high)) A log π(y_t)",
        metrics: &["cispo_clip_ratio"],
        ..LossInfo::DEFAULT
    },
    term: cispo,
    aggregation: Aggregation::MeanOfStep,
};

/// `-min(r, ε_high) A log π`, with a constant ratio.
fn cispo(tokens: &PolicyTokens, ratio: &Ratio, options: &GrpoOptions) -> Result<Term> {
    let (cap, value) = (options.cispo_cap(), ratio.value.f_detach()?);
    let weights = value.f_clamp_max(cap)?.f_mul(&tokens.advantages)?.f_neg()?;
    let capped = value.f_gt(cap)?.f_logical_and(&tokens.advantages.f_gt(0.0)?)?;
    Ok(Term {
        losses: weights.f_mul(&tokens.logps)?,
        by_ratio: None,
        by_logps: Some(weights),
        shown: Shown::Capped(capped),
    })
}
