//! Margins and losses that take completions' lengths into account.

use crate::{Pair, Result, check, ipo_sum, sigmoid};
use tch::{Kind, Tensor};

/// IPO on length-normalised scores: `(s_chosen / n_chosen - s_rejected / n_rejected - 1 / (2β))²` (eq. 17 of
/// arXiv:2310.12036, each score divided by its completion's number of tokens).
///
/// The form that TRL and IPO's authors run. It regresses the mean margin of a token towards `1 / (2β)` instead of pushing
/// it up, for preferences that are nearly deterministic. `beta` is the paper's τ; a larger one asks for a smaller
/// margin. `tokens` counts a completion's tokens, EOS included; 0 counts as 1, as in TRL.
///
/// ```
/// use {align_losses::{ipo, Pair}, tch::Tensor};
/// let scores = Pair { chosen: Tensor::from_slice(&[8.0f64]), rejected: Tensor::from_slice(&[-6.0f64]) };
/// let tokens = Pair { chosen: Tensor::from_slice(&[4i64]), rejected: Tensor::from_slice(&[2i64]) };
/// assert_eq!(ipo(&scores, &tokens, 0.1)?.double_value(&[0]), 0.0); // 8/4 + 6/2 is 1 / 0.2
/// # Ok::<(), align_losses::Error>(())
/// ```
///
/// # Errors
/// Scores that are not floating-point, shapes that differ, or a `beta` that is not a finite number above 0.
pub fn ipo(scores: &Pair<Tensor>, tokens: &Pair<Tensor>, beta: f64) -> Result<Tensor> {
    ipo_sum(&normalised_margin(scores, tokens)?, beta)
}

/// DPO on length-normalised scores: `-log σ(β (s_chosen / n_chosen - s_rejected / n_rejected))` (length-normalised DPO as in Tülu
/// 3, eq. 6 of arXiv:2411.15124).
///
/// Takes away DPO's lean towards long texts. Margins are those of a mean token, so `beta` is larger than
/// [`sigmoid`]'s: Tülu 3 took 5. `tokens` as in [`ipo`].
///
/// ```
/// use {align_losses::{sigmoid_norm, Pair}, tch::Tensor};
/// let scores = Pair { chosen: Tensor::from_slice(&[8.0f64]), rejected: Tensor::from_slice(&[4.0f64]) };
/// let tokens = Pair { chosen: Tensor::from_slice(&[4i64]), rejected: Tensor::from_slice(&[2i64]) };
/// let loss = sigmoid_norm(&scores, &tokens, 5.0)?; // 2 a token on both sides
/// assert!((loss.double_value(&[0]) - 2f64.ln()).abs() < 1e-12);
/// # Ok::<(), align_losses::Error>(())
/// ```
///
/// # Errors
/// As [`ipo`].
pub fn sigmoid_norm(scores: &Pair<Tensor>, tokens: &Pair<Tensor>, beta: f64) -> Result<Tensor> {
    sigmoid(&normalised_margin(scores, tokens)?, beta)
}

/// R-DPO's margin: `m + α / β (n_chosen - n_rejected)`, so that a reward margin gains `α` with each token that the chosen
/// completion has more (length-regularised DPO, eq. 9 of arXiv:2403.19159).
///
/// For preferences that lean towards long texts: a longer chosen completion is taken to be chosen for its length in part,
/// so that its pair asks for less of a margin. `alpha` is the price of a token in reward, such as 0.01 or 0.05. Any link
/// may follow; R-DPO itself is [`sigmoid`].
///
/// * `margin`: `(batch,)`, such as `h_chosen - h_rejected`; differentiable.
/// * `tokens`: each completion's number of tokens, each `(batch,)`.
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
    let Pair { chosen, rejected } = a_token(scores, tokens)?;
    Ok(chosen - rejected)
}

/// Each side divided by its completions' numbers of tokens.
pub(crate) fn a_token(scores: &Pair<Tensor>, tokens: &Pair<Tensor>) -> Result<Pair<Tensor>> {
    check::sides("scores.chosen", "scores.rejected", scores)?;
    check_tokens(tokens, &scores.chosen)?;
    Ok(scores.as_ref().zip(tokens.as_ref()).map(|(score, tokens)| score / at_least_one(tokens, score.kind())))
}

/// Numbers of tokens to divide by.
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
