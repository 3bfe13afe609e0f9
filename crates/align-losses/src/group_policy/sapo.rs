use super::ratio::Ratio;
use super::token_term::{Shown, Term};
use super::{Aggregation, BuiltinLoss, GrpoOptions, PolicyTokens};
use crate::{LossInfo, Method, Result};

pub(super) static LOSS: BuiltinLoss = BuiltinLoss {
    info: LossInfo {
        method: Method { name: "SAPO", paper: "https://arxiv.org/abs/2511.20347" },
        help: "SAPO: a smooth gate on the ratio in place of the clip",
        formula: "mean over y of 1/n Σ_t −4/τ σ(τ (r_t − 1)) A",
        ..LossInfo::DEFAULT
    },
    term: sapo,
    aggregation: Aggregation::MeanPerCompletion,
};

/// `-4/τ σ(τ (r - 1)) A`, with a temperature τ for positive advantages and another for the rest.
fn sapo(tokens: &PolicyTokens, ratio: &Ratio, options: &GrpoOptions) -> Result<Term> {
    let advantages = &tokens.advantages;
    let (positive, negative) = (options.sapo_temperature_pos, options.sapo_temperature_neg);
    let temperatures =
        advantages.f_full_like(positive)?.f_where_self(&advantages.f_gt(0.0)?, &advantages.f_full_like(negative)?)?;
    let gate = ratio.value.f_sub_scalar(1.0)?.f_mul(&temperatures)?.f_sigmoid()?;
    let losses = gate.f_mul_scalar(4.0)?.f_div(&temperatures)?.f_mul(advantages)?.f_neg()?;
    let gate = gate.f_detach()?;
    let slope = gate.f_mul(&gate.f_neg()?.f_add_scalar(1.0)?)?.f_mul_scalar(-4.0)?;
    Ok(Term { losses, by_ratio: Some(slope.f_mul(advantages)?), by_logps: None, shown: Shown::Nothing })
}
