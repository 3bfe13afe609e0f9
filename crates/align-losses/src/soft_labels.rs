use crate::{Error, Pair, PairLogps, PairLoss, Result};
use tch::Tensor;

/// The expectation of a loss over uncertain labels: `p ℓ(y⁺, y⁻) + (1 - p) ℓ(y⁻, y⁺)`, with `p` the probability that the chosen
/// completion is the better one ([`PairLogps::with_chosen_probabilities`]).
///
/// With [`sigmoid`](crate::sigmoid) this is conservative DPO with a label smoothing of `1 - p` for each pair (cDPO with soft labels,
/// section 3 of arXiv:2409.06691). For a loss of the margin it is `p ℓ(m) + (1 - p) ℓ(-m)`. A `p` below ½ says that the rejected
/// completion is probably better. A [`DpoLoss`](crate::DpoLoss) takes it with [`DpoOptions::soft_labels`](crate::DpoOptions::soft_labels).
///
/// The loss must be one of single pairs ([`PairLoss::couples_batch`]): which of the two completions is better is independent between pairs.
///
/// ```
/// use {align_losses::{FDivergence, Hinge, MarginLoss, Pair, PairLogps, PairLoss, SoftLabels}, tch::Tensor};
/// let loss = SoftLabels::new(MarginLoss::new(FDivergence::ReverseKl, Hinge, 0.1)?)?;
/// let at = |c: f64, r: f64| Pair { chosen: c, rejected: r }.map(|x| Tensor::from_slice(&[x]));
/// let logps = PairLogps::new(&at(-12.0, -15.0), &at(-13.0, -14.0))?.with_chosen_probabilities(&Tensor::from_slice(&[0.75f64]))?;
/// let (found, gradient) = loss.evaluate_with_gradient(&logps)?;
/// assert!((found.losses.double_value(&[0]) - (0.75 * 0.8 + 0.25 * 1.2)).abs() < 1e-12); // the margin is 2
/// assert!((gradient.chosen.double_value(&[0]) + 0.1 * (0.75 - 0.25)).abs() < 1e-12);
/// # Ok::<(), align_losses::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SoftLabels<L>(L);

impl<L: PairLoss> SoftLabels<L> {
    /// The expectation of `loss`.
    ///
    /// # Errors
    /// A loss that couples the pairs of a batch.
    pub fn new(loss: L) -> Result<Self> {
        match loss.couples_batch() {
            true => Err(Error::SoftLabelsOfBatch(format!("{loss:?}"))),
            false => Ok(Self(loss)),
        }
    }
}

impl<L: PairLoss> PairLoss for SoftLabels<L> {
    fn losses(&self, logps: &PairLogps) -> Result<Tensor> {
        let right = logps.chosen_probabilities()?;
        expectation(right, &self.0.losses(logps)?, &self.0.losses(&logps.swapped()?)?)
    }

    fn beta(&self) -> f64 {
        self.0.beta()
    }

    fn couples_batch(&self) -> bool {
        false
    }

    fn losses_and_gradients(&self, logps: &PairLogps, scale: f64) -> Result<Option<(Tensor, Pair<Tensor>)>> {
        let right = logps.chosen_probabilities()?;
        let Some((losses, gradient)) = self.0.losses_and_gradients(logps, scale)? else { return Ok(None) };
        let swapped = self.0.losses_and_gradients(&logps.swapped()?, scale)?;
        let Some((swapped_losses, swapped_gradient)) = swapped else { return Ok(None) };
        let gradient = Pair {
            chosen: expectation(right, &gradient.chosen, &swapped_gradient.rejected)?,
            rejected: expectation(right, &gradient.rejected, &swapped_gradient.chosen)?,
        };
        Ok(Some((expectation(right, &losses, &swapped_losses)?, gradient)))
    }
}

/// `p x + (1 - p) swapped`.
fn expectation(right: &Tensor, x: &Tensor, swapped: &Tensor) -> Result<Tensor> {
    let wrong = right.f_neg()?.f_add_scalar(1.0)?;
    Ok(x.f_mul(right)?.f_add(&swapped.f_mul(&wrong)?)?)
}
