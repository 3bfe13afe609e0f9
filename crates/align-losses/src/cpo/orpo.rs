use super::{BuiltinLoss, CpoOutput};
use crate::{LossInfo, Method, Pair, Result, length};
use tch::Tensor;

pub(super) static LOSS: BuiltinLoss = BuiltinLoss {
    info: LossInfo {
        method: Method { name: "ORPO", paper: "https://arxiv.org/abs/2403.07691" },
        help: "ORPO: beta times the odds-ratio loss, plus the negative log-likelihood of prompt and chosen completion",
        formula: "−β log σ(log odds(y⁺) − log odds(y⁻)) with odds = p/(1−p), p = exp(log π(y)/n)",
        length_normalised: true,
        metrics: &["log_odds_ratio", "log_odds_chosen"],
        ..LossInfo::DEFAULT
    },
    evaluate: |logps, options| {
        let ratio = -orpo_odds_ratio(logps.summed, logps.tokens)?;
        let detached = ratio.f_detach()?;
        // log σ(x) = r has x = r - log(1 - exp(r)).
        let log_odds = &detached - (-detached.f_expm1()?).f_log()?;
        let metrics = vec![("log_odds_ratio", detached), ("log_odds_chosen", log_odds)];
        Ok(CpoOutput { metrics, ..logps.output(-options.beta * ratio, options)? })
    },
};

/// ORPO's odds ratio: `-log σ(log odds(y⁺) - log odds(y⁻))`, `odds = p / (1 - p)` with `p` the geometric mean of the tokens'
/// probabilities (eq. 7 of arXiv:2403.07691).
///
/// ORPO's full loss is the negative log-likelihood per token of the chosen completion plus a coefficient (TRL's `beta`) times this term:
/// fine-tuning and alignment in one stage. `tokens` as in [`simpo`](crate::simpo).
///
/// Mean log-probabilities are clamped to at most -1e-20, where the odds are still finite.
///
/// ```
/// use {align_losses::{orpo_odds_ratio, Pair}, tch::Tensor};
/// let logps = Pair { chosen: Tensor::from_slice(&[-8.0f64]), rejected: Tensor::from_slice(&[-4.0f64]) };
/// let tokens = Pair { chosen: Tensor::from_slice(&[8i64]), rejected: Tensor::from_slice(&[4i64]) };
/// assert!((orpo_odds_ratio(&logps, &tokens)?.double_value(&[0]) - 2f64.ln()).abs() < 1e-12); // -1 per token on both sides
/// # Ok::<(), align_losses::Error>(())
/// ```
///
/// # Errors
/// Sides that are not floating-point, or shapes that differ.
pub fn orpo_odds_ratio(logps: &Pair<Tensor>, tokens: &Pair<Tensor>) -> Result<Tensor> {
    let log_odds = length::per_token(logps, tokens)?.map(|mean| {
        let mean = mean.clamp_max(MAX_MEAN_LOGP);
        let improbable = (-mean.expm1()).log();
        mean - improbable
    });
    Ok(-(log_odds.chosen - log_odds.rejected).log_sigmoid())
}

/// Largest mean log-probability: `log(1 - exp(-1e-20))` is -46.
const MAX_MEAN_LOGP: f64 = -1e-20;
