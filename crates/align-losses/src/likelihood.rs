use crate::{Pair, PairLogps, Result};

/// The negative log-likelihood of the chosen completions, a token: `-Σ log π(y⁺) / Σ n⁺` over the batch (TRL's `sft`, the
/// generation loss of mixed preference optimisation, arXiv:2411.10442).
///
/// One number, repeated for every pair of the batch: beside a preference loss in a [`WeightedSum`](crate::WeightedSum) it
/// keeps the chosen completions likely. It has no hyper-parameter but its weight there.
///
/// ```
/// use {align_losses::{sft, Pair, PairLogps}, tch::Tensor};
/// let logps = Pair { chosen: Tensor::from_slice(&[-6.0f64, -2.0]), rejected: Tensor::from_slice(&[-9.0f64, -9.0]) };
/// let tokens = Pair { chosen: Tensor::from_slice(&[3i64, 1]), rejected: Tensor::from_slice(&[2i64, 2]) };
/// let losses = sft(&PairLogps::new(&logps, &logps)?.with_tokens(&tokens)?)?;
/// assert_eq!(losses, Tensor::from_slice(&[2.0f64, 2.0]));
/// # Ok::<(), align_losses::Error>(())
/// ```
///
/// # Errors
/// No numbers of tokens.
pub fn sft(logps: &PairLogps) -> Result<tch::Tensor> {
    let Pair { chosen, .. } = logps.policy();
    let tokens = logps.tokens("sft")?.chosen.f_sum(chosen.kind())?.f_clamp_min(1)?;
    let loss = chosen.f_sum(chosen.kind())?.f_neg()?.f_div(&tokens)?;
    Ok(loss.f_expand(chosen.size(), false)?)
}
