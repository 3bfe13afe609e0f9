//! Margins that depend on the lengths of the completions.

use crate::{Pair, Result, check};
use tch::{Kind, Tensor};

/// R-DPO's margin: `m + α / β (n_chosen - n_rejected)`. The reward margin increases by `α` for each token that the chosen completion is
/// longer (length-regularised DPO, eq. 9 of arXiv:2403.19159).
///
/// For preferences that are biased towards long texts. If the chosen completion is longer, part of the preference is attributed to its
/// length, so the policy needs a smaller margin. `alpha` is a reward per token, such as 0.01 or 0.05. The margin works with any surrogate
/// loss; R-DPO
/// uses [`sigmoid`](crate::sigmoid).
///
/// * `margin`: `(batch,)`, such as `h_chosen - h_rejected`; differentiable.
/// * `tokens`: the number of tokens of each completion, each `(batch,)`.
///
/// ```
/// use {align_losses::{length_regularised, Pair}, tch::Tensor};
/// let tokens = Pair { chosen: Tensor::from_slice(&[14i64]), rejected: Tensor::from_slice(&[10i64]) };
/// let margin = length_regularised(&Tensor::from_slice(&[3.0f64]), &tokens, 0.1, 0.05)?;
/// assert_eq!(margin, Tensor::from_slice(&[5.0f64])); // 3 + 0.5 · 4
/// # Ok::<(), align_losses::Error>(())
/// ```
///
/// # Errors
/// Margins that are not floating-point, shapes or devices that differ, or a `beta` or `alpha` that is not a finite number above
/// 0.
pub fn length_regularised(margin: &Tensor, tokens: &Pair<Tensor>, beta: f64, alpha: f64) -> Result<Tensor> {
    check::margin(margin, beta)?;
    check::above_zero("length_alpha", alpha)?;
    check_tokens(tokens, margin)?;
    let surplus = (&tokens.chosen - &tokens.rejected).f_to_kind(margin.kind())?;
    Ok(margin + surplus * (alpha / beta))
}

pub(crate) fn normalised_margin(scores: &Pair<Tensor>, tokens: &Pair<Tensor>) -> Result<Tensor> {
    let Pair { chosen, rejected } = per_token(scores, tokens)?;
    Ok(chosen - rejected)
}

/// Each score divided by the number of tokens of its completion.
pub(crate) fn per_token(scores: &Pair<Tensor>, tokens: &Pair<Tensor>) -> Result<Pair<Tensor>> {
    check::sides("scores.chosen", "scores.rejected", scores)?;
    check_tokens(tokens, &scores.chosen)?;
    Ok(scores.as_ref().zip(tokens.as_ref()).map(|(score, tokens)| score / at_least_one(tokens, score.kind())))
}

/// Numbers of tokens as divisors, at least 1.
pub(crate) fn at_least_one(tokens: &Tensor, kind: Kind) -> Tensor {
    tokens.clamp_min(1).to_kind(kind)
}

fn check_tokens(tokens: &Pair<Tensor>, like: &Tensor) -> Result<()> {
    for (argument, x) in [("tokens.chosen", &tokens.chosen), ("tokens.rejected", &tokens.rejected)] {
        check::shape(argument, x, &like.size())?;
        check::number(argument, x)?;
        check::same_device(argument, x, like)?;
    }
    Ok(())
}
