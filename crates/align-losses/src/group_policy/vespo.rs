use super::ratio::{Ratio, sum_of_row};
use super::token_term::{Shown, Term};
use super::{Aggregation, BuiltinLoss, GrpoOptions, PolicyTokens};
use crate::{LossInfo, Method, Result};
use tch::Tensor;

/// The range that TRL clamps the log-ratios of tokens to, and the largest of a sequence.
const MAX_LOG_RATIO: f64 = 20.0;
/// The smallest ratio of a sequence, as in TRL.
const MIN_RATIO: f64 = 1e-8;
/// The smallest λ, as in TRL.
const MIN_LAMBDA: f64 = 1e-4;

pub(super) static LOSS: BuiltinLoss = BuiltinLoss {
    info: LossInfo {
        method: Method { name: "VESPO", paper: "https://arxiv.org/abs/2602.10693" },
        help: "VESPO: log-probabilities weighted by the advantage and a gamma function of the ratio of sequences",
        formula: "mean over the tokens of a step of −sg(φ(w)) A log π(y_t)",
        metrics: &["vespo/phi_seq_mean"],
        ..LossInfo::DEFAULT
    },
    term: vespo,
    aggregation: Aggregation::MeanOfStep,
};

/// `-φ(w) A log π`, with a constant weight of the sequence.
fn vespo(tokens: &PolicyTokens, _: &Ratio, options: &GrpoOptions) -> Result<Term> {
    let phi = tch::no_grad(|| gamma_weights(tokens, options))?;
    let weights = phi.f_mul(&tokens.advantages)?.f_neg()?;
    Ok(Term {
        losses: weights.f_mul(&tokens.logps)?,
        by_ratio: None,
        by_logps: Some(weights),
        shown: Shown::Weights(phi),
    })
}

/// `φ(w) = exp(λ + k log w - λ w)` of the ratio `w = π(y) / π_old(y)` of each sequence, `(rows, 1)`: 1 at `w = 1`. `k` and `λ` depend on the
/// sign of the advantage.
fn gamma_weights(tokens: &PolicyTokens, options: &GrpoOptions) -> Result<Tensor> {
    let log_ratios = tokens.log_ratios()?.f_detach()?.f_clamp(-MAX_LOG_RATIO, MAX_LOG_RATIO)?;
    let log_w = sum_of_row(&log_ratios)?.f_clamp(MIN_RATIO.ln(), MAX_LOG_RATIO)?;
    let advantages = &tokens.advantages;
    let positive = advantages.f_ge(0.0)?;
    let of_sign =
        |pos: f64, neg: f64| advantages.f_full_like(pos)?.f_where_self(&positive, &advantages.f_full_like(neg)?);
    let k = of_sign(options.vespo_k_pos, options.vespo_k_neg)?;
    let lambda = of_sign(options.vespo_lambda_pos, options.vespo_lambda_neg)?.f_clamp_min(MIN_LAMBDA)?;
    let log_phi = lambda.f_add(&k.f_mul(&log_w)?)?.f_sub(&lambda.f_mul(&log_w.f_exp()?)?)?;
    Ok(log_phi.f_exp()?.f_nan_to_num(0.0, 0.0, 0.0)?)
}
