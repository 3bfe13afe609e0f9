use crate::{Pair, Result, check};
use tch::Tensor;

/// Bradley-Terry loss of a reward model: `-log σ(r(y⁺) - r(y⁻) - m)` for each pair, `(batch,)` (eq. 1 of arXiv:2203.02155; with a margin
/// `m`, eq. 2 of arXiv:2307.09288).
///
/// Under the Bradley-Terry model, the probability that `y⁺` is preferred is `σ(r(y⁺) - r(y⁻))`, so the loss is its negative
/// log-likelihood. A margin says how strongly the pair holds: the rewards must differ by more.
///
/// * `rewards`: the rewards of the chosen and the rejected text, each `(batch,)`; differentiable.
/// * `margin`: the margin of each pair, `(batch,)`.
///
/// ```
/// use {align_losses::{bradley_terry, Pair}, tch::Tensor};
/// let rewards = Pair { chosen: Tensor::from_slice(&[1.5f64]), rejected: Tensor::from_slice(&[0.5f64]) };
/// let loss = bradley_terry(&rewards, Some(&Tensor::from_slice(&[1.0f64])))?;
/// assert!((loss.double_value(&[0]) - 2f64.ln()).abs() < 1e-12);
/// # Ok::<(), align_losses::Error>(())
/// ```
///
/// # Errors
/// Rewards that are not floating-point, or shapes or devices that differ.
pub fn bradley_terry(rewards: &Pair<Tensor>, margin: Option<&Tensor>) -> Result<Tensor> {
    check::sides("rewards.chosen", "rewards.rejected", rewards)?;
    let difference = rewards.chosen.f_sub(&rewards.rejected)?;
    let difference = match margin {
        None => difference,
        Some(margin) => {
            check::shape("margin", margin, &difference.size())?;
            check::same_device("margin", margin, &difference)?;
            difference.f_sub(&margin.f_to_kind(difference.kind())?)?
        }
    };
    Ok(difference.f_log_sigmoid()?.f_neg()?)
}

/// Penalty that centres the rewards around 0: `(r(y⁺) + r(y⁻))²` for each pair, `(batch,)` (arXiv:2312.09244, section 2).
///
/// The Bradley-Terry loss does not change if a constant is added to the rewards of a prompt. TRL's `center_rewards_coefficient` is the
/// weight of this penalty, 0.01 in the paper.
///
/// ```
/// use {align_losses::{reward_centering, Pair}, tch::Tensor};
/// let rewards = Pair { chosen: Tensor::from_slice(&[2.0f64]), rejected: Tensor::from_slice(&[1.0f64]) };
/// assert_eq!(reward_centering(&rewards)?.double_value(&[0]), 9.0);
/// # Ok::<(), align_losses::Error>(())
/// ```
///
/// # Errors
/// Rewards that are not floating-point, or shapes or devices that differ.
pub fn reward_centering(rewards: &Pair<Tensor>) -> Result<Tensor> {
    check::sides("rewards.chosen", "rewards.rejected", rewards)?;
    Ok(rewards.chosen.f_add(&rewards.rejected)?.f_square()?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use tch::{Device, Kind};

    fn rewards(chosen: &[f64], rejected: &[f64]) -> Pair<Tensor> {
        Pair { chosen: Tensor::from_slice(chosen), rejected: Tensor::from_slice(rejected) }
    }

    #[test]
    fn the_loss_is_the_negative_log_probability_of_the_preference() {
        let rewards = rewards(&[2.0, -1.0, 800.0], &[0.5, 1.0, -800.0]);
        let margin = Tensor::from_slice(&[0.25, 0.0, 0.0]);
        let losses = Vec::<f64>::try_from(bradley_terry(&rewards, Some(&margin)).unwrap()).unwrap();
        for (loss, difference) in losses.iter().zip([1.25f64, -2.0, 1600.0]) {
            assert!((loss - (-difference).exp().ln_1p()).abs() < 1e-12, "{loss} at {difference}");
        }
        // Very unlikely preferences have a finite loss, the difference itself.
        let swapped = Pair { chosen: rewards.rejected, rejected: rewards.chosen };
        assert_eq!(bradley_terry(&swapped, None).unwrap().double_value(&[2]), 1600.0);
    }

    #[test]
    fn only_centering_depends_on_a_constant() {
        let (plain, moved) = (rewards(&[1.0], &[-1.0]), rewards(&[4.0], &[2.0]));
        let value = |x: Result<Tensor>| x.unwrap().double_value(&[0]);
        assert_eq!(value(bradley_terry(&plain, None)), value(bradley_terry(&moved, None)));
        assert_eq!((value(reward_centering(&plain)), value(reward_centering(&moved))), (0.0, 36.0));
    }

    #[test]
    fn the_gradient_is_that_of_the_formula() {
        let chosen = Tensor::from_slice(&[0.3f64]).set_requires_grad(true);
        let rewards = Pair { chosen: chosen.shallow_clone(), rejected: Tensor::from_slice(&[-0.2f64]) };
        bradley_terry(&rewards, None).unwrap().sum(Kind::Double).backward();
        let expected = -1.0 / (1.0 + 0.5f64.exp());
        assert!((chosen.grad().double_value(&[0]) - expected).abs() < 1e-12);
    }

    #[test]
    fn shapes_and_dtypes_are_checked() {
        let plain = rewards(&[1.0, 2.0], &[0.0, 0.0]);
        let margin = Tensor::zeros([1], (Kind::Double, Device::Cpu));
        let problem = bradley_terry(&plain, Some(&margin)).unwrap_err().to_string();
        assert!(problem.contains("margin") && problem.contains("[2]"), "{problem}");
        let whole = Pair { chosen: Tensor::from_slice(&[1i64]), rejected: Tensor::from_slice(&[0i64]) };
        assert!(reward_centering(&whole).unwrap_err().to_string().contains("rewards.chosen"));
    }
}
