//! Losses on the margin between a pair's scores: one formula each.
//!
//! A margin is `s_chosen - s_rejected`, the scores being log-ratios `log π - log π_ref` in standard DPO, or what an
//! [`FDivergence`](crate::FDivergence) makes of them. All return one loss for each margin, are differentiable, and are
//! finite wherever the formula is.

use crate::{Result, check, square::square};
use tch::Tensor;

/// DPO: `-log σ(β · margin)` (eq. 7 of arXiv:2305.18290).
///
/// The maximum-likelihood fit of a Bradley-Terry model whose reward is `β (log π - log π_ref)`. The default choice where
/// preferences are mostly right; with clean, deterministic labels it pushes margins up without end (then see [`ipo`](crate::ipo)).
/// A larger `beta` satisfies a pair at a smaller margin, and so stays nearer to the reference.
///
/// ```
/// let loss = align_losses::sigmoid(&tch::Tensor::from_slice(&[0.0f64, 30.0]), 0.1)?;
/// assert!((loss.double_value(&[0]) - 2f64.ln()).abs() < 1e-12);
/// # Ok::<(), align_losses::Error>(())
/// ```
///
/// # Errors
/// Margins that are not floating-point, or a `beta` that is not a finite number above 0.
pub fn sigmoid(margin: &Tensor, beta: f64) -> Result<Tensor> {
    check::margin(margin, beta)?;
    Ok(-(beta * margin).log_sigmoid())
}

/// Conservative DPO: `-(1 - ε) log σ(β · margin) - ε log σ(-β · margin)` ("cDPO", eq. 3 of Mitchell's
/// *A note on DPO with noisy preferences and relationship to IPO*, 2023).
///
/// For labels of which a share `label_smoothing` = ε is taken to be wrong: the loss is least at a finite margin,
/// `log((1 - ε) / ε) / β`, instead of at infinity. At 0 it is [`sigmoid`].
///
/// ```
/// let margin = tch::Tensor::from_slice(&[9f64.ln()]).set_requires_grad(true);
/// align_losses::conservative_sigmoid(&margin, 1.0, 0.1)?.backward();
/// assert!(margin.grad().double_value(&[0]).abs() < 1e-12); // log(0.9 / 0.1): the least
/// # Ok::<(), align_losses::Error>(())
/// ```
///
/// # Errors
/// As [`sigmoid`], and a `label_smoothing` outside `[0, 0.5)`.
pub fn conservative_sigmoid(margin: &Tensor, beta: f64, label_smoothing: f64) -> Result<Tensor> {
    check::margin(margin, beta)?;
    check::label_smoothing(label_smoothing)?;
    if label_smoothing == 0.0 {
        return sigmoid(margin, beta);
    }
    let x = beta * margin;
    Ok(-(1.0 - label_smoothing) * x.log_sigmoid() - label_smoothing * (-x).log_sigmoid())
}

/// Hinge: `max(0, 1 - β · margin)` (SLiC's loss, arXiv:2305.10425, on DPO's rewards: the "hinge-norm" of
/// RSO, eq. 10 of arXiv:2309.06657).
///
/// Pairs whose rewards differ by more than 1 have no gradient at all, so satisfied pairs stop moving the policy. A
/// larger `beta` reaches that at a smaller margin.
///
/// ```
/// let loss = align_losses::hinge(&tch::Tensor::from_slice(&[0.0f64, 5.0, 20.0]), 0.1)?;
/// assert_eq!(loss, tch::Tensor::from_slice(&[1.0f64, 0.5, 0.0]));
/// # Ok::<(), align_losses::Error>(())
/// ```
///
/// # Errors
/// As [`sigmoid`].
pub fn hinge(margin: &Tensor, beta: f64) -> Result<Tensor> {
    check::margin(margin, beta)?;
    Ok(Tensor::relu(&(1.0 - beta * margin)))
}

/// IPO on summed scores: `(margin - 1 / (2β))²` (eq. 17 of arXiv:2310.12036 as it stands).
///
/// The paper's own form. Its margins grow with the completions' lengths, so it wants a smaller `beta` (the paper's τ)
/// than [`ipo`](crate::ipo), or completions of one length. Distances beyond 1e16, which only exponential scores reach, are
/// clamped to it.
///
/// ```
/// let loss = align_losses::ipo_sum(&tch::Tensor::from_slice(&[0.0f64, 5.0]), 0.1)?;
/// assert_eq!(loss, tch::Tensor::from_slice(&[25.0f64, 0.0]));
/// # Ok::<(), align_losses::Error>(())
/// ```
///
/// # Errors
/// As [`sigmoid`].
pub fn ipo_sum(margin: &Tensor, beta: f64) -> Result<Tensor> {
    check::margin(margin, beta)?;
    square(&(margin - 1.0 / (2.0 * beta)))
}
