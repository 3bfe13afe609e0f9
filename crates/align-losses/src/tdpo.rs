use crate::{Pair, Result, check, sigmoid};
use tch::{Kind, Tensor};

/// The sequential forward KL divergence of each completion, `Σ_t KL(π_ref(·|y_<t) ‖ π(·|y_<t))`, `(batch,)`, in nats.
///
/// * `policy_logits`: `(batch, seq, vocab)`; differentiable.
/// * `reference_logits`: of the same shape; a constant.
/// * `mask`: `(batch, seq)`, non-zero where a token of the completion is predicted ([`shift_labels`](crate::shift_labels)).
///
/// ```
/// use {align_losses::token_forward_kl, tch::{Kind, Device, Tensor}};
/// let (policy, mask) = (Tensor::from_slice(&[0.0f64, 3f64.ln()]).view([1, 1, 2]), Tensor::ones([1, 1], (Kind::Bool, Device::Cpu)));
/// let kl = token_forward_kl(&policy, &policy.zeros_like(), &mask)?; // ½ log(½ / ¼) + ½ log(½ / ¾)
/// assert!((kl.double_value(&[0]) - 0.5 * (4.0f64 / 3.0).ln()).abs() < 1e-12);
/// # Ok::<(), align_losses::Error>(())
/// ```
///
/// # Errors
/// Shapes, dtypes or devices that do not fit.
pub fn token_forward_kl(policy_logits: &Tensor, reference_logits: &Tensor, mask: &Tensor) -> Result<Tensor> {
    check::float("policy_logits", policy_logits)?;
    let [batch, seq, _] = check::dimensions("policy_logits", policy_logits, "(batch, seq, vocab)")?;
    check::float("reference_logits", reference_logits)?;
    check::shape("reference_logits", reference_logits, &policy_logits.size())?;
    check::same_device("reference_logits", reference_logits, policy_logits)?;
    check::shape("mask", mask, &[batch, seq])?;
    check::same_device("mask", mask, policy_logits)?;
    let kind = check::compute_kind(policy_logits.kind());
    let policy = policy_logits.f_log_softmax(-1, kind)?;
    let reference = reference_logits.f_detach()?.f_log_softmax(-1, kind)?;
    let kl = reference.f_exp()?.f_mul(&(reference - policy))?.f_sum_dim_intlist([-1i64].as_slice(), false, kind)?;
    let masked = mask.f_to_kind(Kind::Bool)?.f_logical_not()?;
    Ok(kl.f_masked_fill(&masked, 0.0)?.f_sum_dim_intlist([-1i64].as_slice(), false, kind)?)
}

/// TDPO₁: `-log σ(β (h_c - h_r) - β (D_r - D_c))` with `D` the [`token_forward_kl`] of each side (token-level DPO,
/// eq. 15 of arXiv:2404.11999).
///
/// DPO derived with a KL constraint on each token instead of on whole completions. `beta` has the same meaning as in [`sigmoid`].
///
/// * `log_ratios`: `log π - log π_ref`, each `(batch,)`; differentiable.
/// * `kl`: each `(batch,)`; differentiable.
///
/// ```
/// use {align_losses::{tdpo1, Pair}, tch::Tensor};
/// let at = |c: f64, r: f64| Pair { chosen: c, rejected: r }.map(|x| Tensor::from_slice(&[x]));
/// let loss = tdpo1(&at(1.0, -1.0), &at(0.5, 2.5), 0.1)?; // the divergences cancel the margin
/// assert!((loss.double_value(&[0]) - 2f64.ln()).abs() < 1e-12);
/// # Ok::<(), align_losses::Error>(())
/// ```
///
/// # Errors
/// Sides that are not floating-point or differ in shape, dtype or device, or a `beta` that is not a finite number above 0.
pub fn tdpo1(log_ratios: &Pair<Tensor>, kl: &Pair<Tensor>, beta: f64) -> Result<Tensor> {
    check_inputs(log_ratios, kl)?;
    sigmoid(&((&log_ratios.chosen - &log_ratios.rejected) - (&kl.rejected - &kl.chosen)), beta)
}

/// TDPO₂: `-log σ(β (h_c - h_r) - α β (D_r - sg(D_c)))`, where `sg` stops the gradient (eq. 17 of arXiv:2404.11999; α = `alpha`).
///
/// Unlike [`tdpo1`], it does not reward a growing divergence of the chosen completion; it performs better in the paper. `alpha`, 0.5 in the
/// paper, is the weight of the divergences; with 0 the loss is DPO.
///
/// ```
/// use {align_losses::{tdpo2, Pair}, tch::Tensor};
/// let at = |c: f64, r: f64| Pair { chosen: c, rejected: r }.map(|x| Tensor::from_slice(&[x]));
/// let loss = tdpo2(&at(1.0, -1.0), &at(0.5, 4.5), 0.1, 0.5)?;
/// assert!((loss.double_value(&[0]) - 2f64.ln()).abs() < 1e-12);
/// # Ok::<(), align_losses::Error>(())
/// ```
///
/// # Errors
/// Those of [`tdpo1`], or an `alpha` that is not a finite number of at least 0.
pub fn tdpo2(log_ratios: &Pair<Tensor>, kl: &Pair<Tensor>, beta: f64, alpha: f64) -> Result<Tensor> {
    check_inputs(log_ratios, kl)?;
    check::at_least_zero("alpha", alpha)?;
    let drift = &kl.rejected - kl.chosen.f_detach()?;
    sigmoid(&((&log_ratios.chosen - &log_ratios.rejected) - alpha * drift), beta)
}

fn check_inputs(log_ratios: &Pair<Tensor>, kl: &Pair<Tensor>) -> Result<()> {
    check::sides("log_ratios.chosen", "log_ratios.rejected", log_ratios)?;
    check::sides("kl.chosen", "kl.rejected", kl)?;
    check::shape("kl.chosen", &kl.chosen, &log_ratios.chosen.size())
}
