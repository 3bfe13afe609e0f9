//! Losses on scores divided by each completion's number of tokens, so that a pair's margin does not grow with its texts.

use crate::{Pair, Result, check, ipo_sum, sigmoid};
use tch::Tensor;

/// IPO on length-normalised scores: `(s_chosen / n_chosen - s_rejected / n_rejected - 1 / (2β))²` (eq. 17 of
/// arXiv:2310.12036, each score divided by its completion's number of tokens).
///
/// The form that TRL and IPO's authors run. It regresses the mean margin of a token towards `1 / (2β)` instead of pushing
/// it up, for preferences that are nearly deterministic. `beta` is the paper's τ; a larger one asks for a smaller
/// margin. `tokens` counts a completion's tokens, EOS included; 0 counts as 1, as in TRL.
///
/// The distance that is squared is clamped to ±1e19, where its square and gradient still fit a float32.
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
    ipo_sum(&margin(scores, tokens)?, beta)
}

/// DPO on length-normalised scores: `-log σ(β (s_chosen / n_chosen - s_rejected / n_rejected))` (length-normalised DPO as in Tülu
/// 3, arXiv:2411.15124).
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
    sigmoid(&margin(scores, tokens)?, beta)
}

pub(crate) fn margin(scores: &Pair<Tensor>, tokens: &Pair<Tensor>) -> Result<Tensor> {
    let Pair { chosen, rejected } = a_token(scores, tokens)?;
    Ok(chosen - rejected)
}

/// Each side divided by its completions' numbers of tokens.
pub(crate) fn a_token(scores: &Pair<Tensor>, tokens: &Pair<Tensor>) -> Result<Pair<Tensor>> {
    check::sides("scores.chosen", "scores.rejected", scores)?;
    for (argument, x) in [("tokens.chosen", &tokens.chosen), ("tokens.rejected", &tokens.rejected)] {
        check::shape(argument, x, &scores.chosen.size())?;
        check::number(argument, x)?;
        check::same_device(argument, x, &scores.chosen)?;
    }
    let each = scores.as_ref().zip(tokens.as_ref());
    Ok(each.map(|(score, tokens)| score / tokens.clamp_min(1).to_kind(score.kind())))
}
