use crate::{Pair, Result, check, length};
use tch::Tensor;

/// WPO's weight of each pair: `w(y⁺) w(y⁻)` with `w(y) = exp(1/n Σ_t [log π(y_t) - log Σ_v π(v)²])` (weighted preference
/// optimisation, eq. 2 of arXiv:2406.11827, with its alignment of weights), `(batch,)` and without a graph.
///
/// Pairs that are likely under the policy get the largest weights, which simulates on-policy data. There is no hyper-parameter. As in TRL, a
/// weight may exceed 1; the authors' code clamps it.
///
/// * `logps`: the policy's log-probabilities summed over the tokens of each completion, each `(batch,)`.
/// * `log_sum_sq_probs`: [`TokenStatistics::log_sum_sq_probs`](crate::TokenStatistics::log_sum_sq_probs), summed in the same way.
/// * `tokens`: the number of tokens of each completion; 0 counts as 1.
///
/// ```
/// use {align_losses::{wpo_weights, Pair}, tch::Tensor};
/// let both = |x: f64| Pair { chosen: x, rejected: x }.map(|x| Tensor::from_slice(&[x]));
/// // Two tokens from a uniform distribution over four ids: both the mean log-probability and log Σ π² are log ¼.
/// let weights = wpo_weights(&both(2.0 * 0.25f64.ln()), &both(2.0 * 0.25f64.ln()), &both(2.0))?;
/// assert_eq!(weights, Tensor::from_slice(&[1.0f64]));
/// # Ok::<(), align_losses::Error>(())
/// ```
///
/// # Errors
/// Shapes, dtypes or devices that do not fit.
pub fn wpo_weights(logps: &Pair<Tensor>, log_sum_sq_probs: &Pair<Tensor>, tokens: &Pair<Tensor>) -> Result<Tensor> {
    check::sides("logps.chosen", "logps.rejected", logps)?;
    check::sides("log_sum_sq_probs.chosen", "log_sum_sq_probs.rejected", log_sum_sq_probs)?;
    check::shape("log_sum_sq_probs.chosen", &log_sum_sq_probs.chosen, &logps.chosen.size())?;
    tch::no_grad(|| {
        let sides = logps.as_ref().zip(log_sum_sq_probs.as_ref());
        let aligned = sides.try_map(|(logp, log_sum_sq)| logp.f_detach()?.f_sub(log_sum_sq))?;
        let Pair { chosen, rejected } = length::per_token(&aligned, tokens)?;
        Ok(chosen.f_add(&rejected)?.f_exp()?)
    })
}
