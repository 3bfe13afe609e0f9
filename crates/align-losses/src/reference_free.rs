//! Preference losses without a reference model: of the policy's own log-probabilities.
//!
//! Each is the preference term alone. CPO, ORPO and SLiC-HF add a likelihood term on the chosen completion, which holds its
//! probability up.

use crate::{Pair, Result, check, conservative_sigmoid, length};
use tch::Tensor;

/// CPO: `-(1 - ε) log σ(β (log π(y⁺) - log π(y⁻))) - ε log σ(-β (…))` (contrastive preference optimisation,
/// eq. 3 of arXiv:2401.08417; ε = `label_smoothing`).
///
/// DPO with a uniform reference: half the memory and forward passes. `logps` are summed over tokens, so long texts weigh more.
///
/// ```
/// use {align_losses::{cpo, Pair}, tch::Tensor};
/// let logps = Pair { chosen: Tensor::from_slice(&[-12.0f64]), rejected: Tensor::from_slice(&[-15.0f64]) };
/// assert!((cpo(&logps, 0.1, 0.0)?.double_value(&[0]) - (1.0 + (-0.3f64).exp()).ln()).abs() < 1e-12);
/// # Ok::<(), align_losses::Error>(())
/// ```
///
/// # Errors
/// Sides that are not floating-point or differ in shape, dtype or device, a `beta` that is not a finite number above 0, or
/// a `label_smoothing` outside `[0, 0.5)`.
pub fn cpo(logps: &Pair<Tensor>, beta: f64, label_smoothing: f64) -> Result<Tensor> {
    conservative_sigmoid(&margin(logps)?, beta, label_smoothing)
}

/// SimPO: `-log σ(β (log π(y⁺) / n⁺ - log π(y⁻) / n⁻) - γ)` (eq. 6 of arXiv:2405.14734; γ = `gamma`).
///
/// The mean token's log-probability is the reward, which is what decoding maximises, and a pair is satisfied only beyond the
/// target margin `gamma`. `beta` is large, 2 to 10, since a token's margin is small; TRL's default `gamma` is 0.5.
/// `tokens` counts a completion's tokens, EOS included; 0 counts as 1.
///
/// ```
/// use {align_losses::{simpo, Pair}, tch::Tensor};
/// let logps = Pair { chosen: Tensor::from_slice(&[-8.0f64]), rejected: Tensor::from_slice(&[-6.0f64]) };
/// let tokens = Pair { chosen: Tensor::from_slice(&[8i64]), rejected: Tensor::from_slice(&[4i64]) };
/// let loss = simpo(&logps, &tokens, 2.0, 1.0)?; // 2 (-1 + 1.5) is 1
/// assert!((loss.double_value(&[0]) - 2f64.ln()).abs() < 1e-12);
/// # Ok::<(), align_losses::Error>(())
/// ```
///
/// # Errors
/// As [`cpo`], shapes that differ, or a `gamma` that is not a finite number of at least 0.
pub fn simpo(logps: &Pair<Tensor>, tokens: &Pair<Tensor>, beta: f64, gamma: f64) -> Result<Tensor> {
    check::at_least_zero("gamma", gamma)?;
    check::beta(beta)?;
    Ok(-(beta * length::normalised_margin(logps, tokens)? - gamma).log_sigmoid())
}

/// ORPO's odds ratio: `-log σ(log odds(y⁺) - log odds(y⁻))`, `odds = p / (1 - p)` with `p` the geometric mean of the tokens'
/// probabilities (eq. 7 of arXiv:2403.07691).
///
/// ORPO's whole loss is the chosen completion's negative log-likelihood a token, plus this times its coefficient (TRL's
/// `beta`): fine-tuning and alignment in one. `tokens` as in [`simpo`].
///
/// Mean log-probabilities are clamped to at most -1e-20, where the odds are still finite.
///
/// ```
/// use {align_losses::{orpo_odds_ratio, Pair}, tch::Tensor};
/// let logps = Pair { chosen: Tensor::from_slice(&[-8.0f64]), rejected: Tensor::from_slice(&[-4.0f64]) };
/// let tokens = Pair { chosen: Tensor::from_slice(&[8i64]), rejected: Tensor::from_slice(&[4i64]) };
/// assert!((orpo_odds_ratio(&logps, &tokens)?.double_value(&[0]) - 2f64.ln()).abs() < 1e-12); // -1 a token on both sides
/// # Ok::<(), align_losses::Error>(())
/// ```
///
/// # Errors
/// Sides that are not floating-point, or shapes that differ.
pub fn orpo_odds_ratio(logps: &Pair<Tensor>, tokens: &Pair<Tensor>) -> Result<Tensor> {
    let log_odds = length::a_token(logps, tokens)?.map(|mean| {
        let mean = mean.clamp_max(CERTAIN);
        let improbable = (-mean.expm1()).log();
        mean - improbable
    });
    Ok(-(log_odds.chosen - log_odds.rejected).log_sigmoid())
}

/// Largest mean log-probability: `log(1 - exp(-1e-20))` is -46.
const CERTAIN: f64 = -1e-20;

/// SLiC-HF's calibration: `max(0, δ - log π(y⁺) + log π(y⁻))` (eq. 2 of arXiv:2305.10425; δ = `delta`, 1 in the paper).
///
/// Pairs whose log-probabilities differ by more than `delta` have no gradient. The paper's whole loss adds a regulariser:
/// [`slic_hf_regularised`].
///
/// ```
/// use {align_losses::{slic_hf, Pair}, tch::Tensor};
/// let logps = Pair { chosen: Tensor::from_slice(&[-12.0f64]), rejected: Tensor::from_slice(&[-12.5f64]) };
/// assert_eq!(slic_hf(&logps, 1.0)?.double_value(&[0]), 0.5);
/// # Ok::<(), align_losses::Error>(())
/// ```
///
/// # Errors
/// Sides that are not floating-point or differ in shape, dtype or device, or a `delta` that is not a finite number of at
/// least 0.
pub fn slic_hf(logps: &Pair<Tensor>, delta: f64) -> Result<Tensor> {
    check::at_least_zero("delta", delta)?;
    Ok((delta - margin(logps)?).relu())
}

/// SLiC-HF: `max(0, δ - log π(y⁺) + log π(y⁻)) - λ log π(y_ref)` (eq. 4 of arXiv:2305.10425): [`slic_hf`] with its
/// regulariser, the likelihood of the texts `y_ref` that the policy was fine-tuned on, or of the chosen ones.
///
/// * `targets`: `log π(y_ref)`, `(batch,)`; differentiable.
/// * `lambda`: λ, what the likelihood counts for beside the calibration.
///
/// ```
/// use {align_losses::{slic_hf_regularised, Pair}, tch::Tensor};
/// let logps = Pair { chosen: Tensor::from_slice(&[-12.0f64]), rejected: Tensor::from_slice(&[-12.5f64]) };
/// let losses = slic_hf_regularised(&logps, &logps.chosen, 1.0, 0.5)?;
/// assert_eq!(losses.double_value(&[0]), 6.5);
/// # Ok::<(), align_losses::Error>(())
/// ```
///
/// # Errors
/// As [`slic_hf`], targets of another shape, or a `lambda` that is not a finite number of at least 0.
pub fn slic_hf_regularised(logps: &Pair<Tensor>, targets: &Tensor, delta: f64, lambda: f64) -> Result<Tensor> {
    check::at_least_zero("lambda", lambda)?;
    let calibration = slic_hf(logps, delta)?;
    check::shape("targets", targets, &calibration.size())?;
    check::same_device("targets", targets, &calibration)?;
    Ok(calibration - lambda * targets)
}

fn margin(logps: &Pair<Tensor>) -> Result<Tensor> {
    check::sides("logps.chosen", "logps.rejected", logps)?;
    Ok(&logps.chosen - &logps.rejected)
}
