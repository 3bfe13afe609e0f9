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
    Ok(difference(rewards, margin)?.f_log_sigmoid()?.f_neg()?)
}

/// Bradley-Terry loss with soft labels: `-p log σ(d) - (1 - p) log σ(-d)` for each pair, `(batch,)`, with `d = r(y⁺) - r(y⁻) - m`.
///
/// The cross-entropy between the probability `p` that the chosen text is the better one and that of the model. With `p = 1` it is
/// [`bradley_terry`].
///
/// * `rewards`, `margin`: as in [`bradley_terry`].
/// * `chosen_probabilities`: `p` of each pair, above 0 and at most 1, `(batch,)`.
///
/// ```
/// use {align_losses::{soft_bradley_terry, Pair}, tch::Tensor};
/// let rewards = Pair { chosen: Tensor::from_slice(&[9f64.ln()]), rejected: Tensor::from_slice(&[0.0f64]) };
/// let loss = soft_bradley_terry(&rewards, None, &Tensor::from_slice(&[0.9f64]))?; // the model's probability
/// assert!((loss.double_value(&[0]) - (-0.9 * 0.9f64.ln() - 0.1 * 0.1f64.ln())).abs() < 1e-12); // the entropy
/// # Ok::<(), align_losses::Error>(())
/// ```
///
/// # Errors
/// Those of [`bradley_terry`], or probabilities outside their range.
pub fn soft_bradley_terry(
    rewards: &Pair<Tensor>,
    margin: Option<&Tensor>,
    chosen_probabilities: &Tensor,
) -> Result<Tensor> {
    let difference = difference(rewards, margin)?;
    check::shape("chosen_probabilities", chosen_probabilities, &difference.size())?;
    check::same_device("chosen_probabilities", chosen_probabilities, &difference)?;
    check::probabilities("chosen_probabilities", chosen_probabilities)?;
    let right = chosen_probabilities.f_to_kind(difference.kind())?;
    let wrong = right.f_neg()?.f_add_scalar(1.0)?;
    let likelihood = difference.f_log_sigmoid()?.f_mul(&right)?;
    Ok(likelihood.f_add(&difference.f_neg()?.f_log_sigmoid()?.f_mul(&wrong)?)?.f_neg()?)
}

/// `r(y⁺) - r(y⁻) - m`.
fn difference(rewards: &Pair<Tensor>, margin: Option<&Tensor>) -> Result<Tensor> {
    check::sides("rewards.chosen", "rewards.rejected", rewards)?;
    let difference = rewards.chosen.f_sub(&rewards.rejected)?;
    let Some(margin) = margin else { return Ok(difference) };
    check::shape("margin", margin, &difference.size())?;
    check::same_device("margin", margin, &difference)?;
    Ok(difference.f_sub(&margin.f_to_kind(difference.kind())?)?)
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
    fn soft_labels_are_the_cross_entropy() {
        let (differences, margins, p) = ([1.5f64, -2.0, 0.3], [0.25f64, 0.0, 0.5], [0.8f64, 0.3, 1.0]);
        let chosen = Tensor::from_slice(&differences).set_requires_grad(true);
        let rewards = Pair { chosen: chosen.shallow_clone(), rejected: Tensor::from_slice(&[0.0; 3]) };
        let losses =
            soft_bradley_terry(&rewards, Some(&Tensor::from_slice(&margins)), &Tensor::from_slice(&p)).unwrap();
        losses.sum(Kind::Double).backward();
        for i in 0..3 {
            let model = 1.0 / (1.0 + (margins[i] - differences[i]).exp());
            let expected = -p[i] * model.ln() - (1.0 - p[i]) * (1.0 - model).ln();
            assert!((losses.double_value(&[i as i64]) - expected).abs() < 1e-12);
            // The gradient of a cross-entropy: the model's probability minus that of the label.
            assert!((chosen.grad().double_value(&[i as i64]) - (model - p[i])).abs() < 1e-12);
        }
        for wrong in [0.0, 1.5, f64::NAN] {
            let problem = soft_bradley_terry(&rewards, None, &Tensor::from_slice(&[0.5, wrong, 0.5])).unwrap_err();
            assert!(problem.to_string().contains("chosen_probabilities"), "{problem}");
        }
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
