//! The derivatives of the losses that are no function of a margin alone, in closed form: what LibTorch's graph would find, at a
//! fraction of its time.
//!
//! Each is of the loss of the same name, by a pair's two log-ratios and times `scale`. With rewards `r = β h` and
//! `x = r_c - r_r`.

use crate::{Pair, Result, transport};
use tch::Tensor;

/// `β (½ σ(r_c) - σ(-r_c))` and `½ β σ(r_r)`.
pub(crate) fn nca_pair(log_ratios: &Pair<Tensor>, beta: f64, scale: f64) -> Result<Pair<Tensor>> {
    // σ(-r_c) is 1 - σ(r_c).
    let Pair { mut chosen, mut rejected } = log_ratios.as_ref().try_map(|h| sigma(h, beta))?;
    let _ = chosen.f_mul_scalar_(1.5)?.f_sub_scalar_(1.0)?.f_mul_scalar_(scale * beta)?;
    let _ = rejected.f_mul_scalar_(0.5 * scale * beta)?;
    Ok(Pair { chosen, rejected })
}

/// `-β σ(-r_c)` and `β σ(r_r)`.
pub(crate) fn bco_pair(log_ratios: &Pair<Tensor>, beta: f64, scale: f64) -> Result<Pair<Tensor>> {
    Ok(Pair {
        chosen: sigma(&log_ratios.chosen, -beta)?.f_mul_scalar_(-scale * beta)?,
        rejected: sigma(&log_ratios.rejected, beta)?.f_mul_scalar_(scale * beta)?,
    })
}

/// `2 (h_c - 1 / 2β)` and `2 (h_r + 1 / 2β)`.
pub(crate) fn sppo_hard(log_ratios: &Pair<Tensor>, beta: f64, scale: f64) -> Result<Pair<Tensor>> {
    let target = 0.5 / beta;
    Ok(Pair {
        chosen: log_ratios.chosen.f_sub_scalar(target)?.f_mul_scalar_(2.0 * scale)?,
        rejected: log_ratios.rejected.f_add_scalar(target)?.f_mul_scalar_(2.0 * scale)?,
    })
}

/// [`sppo_hard`]'s, less and plus `σ(h_r - h_c)`.
pub(crate) fn cal_dpo(log_ratios: &Pair<Tensor>, beta: f64, scale: f64) -> Result<Pair<Tensor>> {
    let Pair { mut chosen, mut rejected } = sppo_hard(log_ratios, beta, scale)?;
    let wrong = log_ratios.rejected.f_sub(&log_ratios.chosen)?.f_sigmoid_()?.f_mul_scalar_(scale)?;
    Ok(Pair { chosen: chosen.f_sub_(&wrong)?, rejected: rejected.f_add_(&wrong)? })
}

/// `-β σ(-y) (1 + λ [h_c < 0])` and `β σ(-y)`, with `y = β (h_c - h_r - λ max(0, -h_c))`.
pub(crate) fn dpop(log_ratios: &Pair<Tensor>, beta: f64, lambda: f64, scale: f64) -> Result<Pair<Tensor>> {
    let Pair { chosen: h_c, rejected: h_r } = log_ratios;
    let shortfall = h_c.f_clamp_max(0.0)?.f_mul_scalar_(-lambda)?;
    let rejected =
        h_r.f_sub(h_c)?.f_add_(&shortfall)?.f_mul_scalar_(beta)?.f_sigmoid_()?.f_mul_scalar_(scale * beta)?;
    let steepness = h_c.f_lt(0.0)?.f_to_kind(h_c.kind())?.f_mul_scalar_(-lambda)?.f_sub_scalar_(1.0)?;
    Ok(Pair { chosen: rejected.f_mul(&steepness)?, rejected })
}

/// `-β σ'(r_c)` and `β σ'(r_r)`.
pub(crate) fn apo_zero(log_ratios: &Pair<Tensor>, beta: f64, scale: f64) -> Result<Pair<Tensor>> {
    Ok(Pair {
        chosen: bump(&log_ratios.chosen, beta)?.f_mul_scalar_(-scale * beta)?,
        rejected: bump(&log_ratios.rejected, beta)?.f_mul_scalar_(scale * beta)?,
    })
}

/// `β (σ'(r_c) - σ'(x))` and `β σ'(x)`.
pub(crate) fn apo_down(log_ratios: &Pair<Tensor>, beta: f64, scale: f64) -> Result<Pair<Tensor>> {
    let Pair { chosen: h_c, rejected: h_r } = log_ratios;
    let rejected = bump(&h_c.f_sub(h_r)?, beta)?.f_mul_scalar_(scale * beta)?;
    let chosen = bump(h_c, beta)?.f_mul_scalar_(scale * beta)?.f_sub_(&rejected)?;
    Ok(Pair { chosen, rejected })
}

/// [`aot`](crate::aot)'s, by the policy's log-probabilities: each place's slope goes back to the row that stands there.
pub(crate) fn aot(
    policy: &Pair<Tensor>,
    reference: &Pair<Tensor>,
    beta: f64,
    label_smoothing: f64,
    scale: f64,
) -> Result<(Tensor, Pair<Tensor>)> {
    let (ours, rows) = policy.chosen.f_sub(&policy.rejected)?.f_sort(0, false)?;
    let theirs = transport::sorted(&reference.chosen.f_sub(&reference.rejected)?)?;
    let margin = ours.f_sub(&theirs)?;
    let slope = logistic(&margin, beta, label_smoothing, scale)?;
    let chosen = slope.f_scatter(0, &rows, &slope)?;
    Ok((margin, Pair { rejected: chosen.f_neg()?, chosen }))
}

/// [`aot_unpaired`](crate::aot_unpaired)'s likewise.
pub(crate) fn aot_unpaired(
    log_ratios: &Pair<Tensor>,
    beta: f64,
    label_smoothing: f64,
    scale: f64,
) -> Result<(Tensor, Pair<Tensor>)> {
    let sorted = log_ratios.as_ref().try_map(|h| h.f_sort(0, false))?;
    let margin = sorted.chosen.0.f_sub(&sorted.rejected.0)?;
    let slope = logistic(&margin, beta, label_smoothing, scale)?;
    let falling = slope.f_neg()?;
    let chosen = slope.f_scatter(0, &sorted.chosen.1, &slope)?;
    Ok((margin, Pair { chosen, rejected: falling.f_scatter(0, &sorted.rejected.1, &falling)? }))
}

/// `β (ε - σ(-x))`: [`conservative_sigmoid`](crate::conservative_sigmoid)'s by the margin.
pub(crate) fn logistic(margin: &Tensor, beta: f64, label_smoothing: f64, scale: f64) -> Result<Tensor> {
    Ok(sigma(margin, -beta)?.f_sub_scalar_(label_smoothing)?.f_mul_scalar_(-beta * scale)?)
}

/// `σ(factor · h)`.
fn sigma(h: &Tensor, factor: f64) -> Result<Tensor> {
    Ok(h.f_mul_scalar(factor)?.f_sigmoid_()?)
}

/// `σ'(β h) = σ(β h) σ(-β h)`, to its last digit at both ends.
fn bump(h: &Tensor, beta: f64) -> Result<Tensor> {
    Ok(sigma(h, beta)?.f_mul_(&sigma(h, -beta)?)?)
}
