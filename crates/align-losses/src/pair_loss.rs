use crate::{LossOutput, Mean, Pair, PairLogps, Result};
use std::fmt::Debug;
use tch::{Kind, Tensor};

/// A loss on preference pairs with a reference model.
///
/// A custom loss implements its formula and `beta`. The trait provides gradients, weights and diagnostics. A loss that is a function of a
/// margin is even shorter as a [`SurrogateLoss`](crate::SurrogateLoss) or a [`Divergence`](crate::Divergence).
///
/// ```
/// use {align_losses::{Pair, PairLogps, PairLoss, Result}, tch::Tensor};
/// #[derive(Debug)]
/// struct Unhinged;
/// impl PairLoss for Unhinged {
///     fn losses(&self, logps: &PairLogps) -> Result<Tensor> {
///         let Pair { chosen, rejected } = logps.log_ratios();
///         Ok(1.0 - 0.1 * (chosen - rejected))
///     }
///     fn beta(&self) -> f64 { 0.1 }
/// }
/// let at = |c: f32, r: f32| Pair { chosen: c, rejected: r }.map(|x| Tensor::from_slice(&[x]));
/// let (_, gradient) = Unhinged.evaluate_with_gradient(&PairLogps::new(&at(-12.0, -15.0), &at(-13.0, -14.0))?)?;
/// assert_eq!(gradient.rejected, Tensor::from_slice(&[0.1f32]));
/// # Ok::<(), align_losses::Error>(())
/// ```
pub trait PairLoss: Debug {
    /// The loss of each pair, `(batch,)`, before weights. Differentiable with respect to the policy's log-probabilities.
    ///
    /// # Errors
    /// Inputs that the loss needs and `logps` does not have.
    fn losses(&self, logps: &PairLogps) -> Result<Tensor>;

    /// The factor between log-ratios and implicit rewards, `r = β (log π - log π_ref)`.
    fn beta(&self) -> f64;

    /// Whether the loss of a pair depends on the other pairs of its batch. The default is `true`. If it is `false`, a trainer can split
    /// a batch.
    fn couples_batch(&self) -> bool {
        true
    }

    /// The terms of the batch's mean loss, each a mean, including weights and without a graph. Their sum is the mean loss. Every batch has
    /// the same terms in the same order, so [`Mean::combine`] of each term gives the mean over several batches.
    ///
    /// # Errors
    /// Those of [`PairLoss::losses`].
    fn loss_terms(&self, logps: &PairLogps) -> Result<Vec<Mean>> {
        Ok(vec![mean_over_pairs(self.losses(logps)?, logps)?])
    }

    /// Whether combining the [`PairLoss::loss_terms`] of several batches differs from the loss of all their pairs as one batch.
    fn mean_depends_on_batch_size(&self) -> bool {
        self.couples_batch()
    }

    /// The losses without a graph, `(batch,)`, and the gradient of `scale` times their sum with respect to the log-probabilities, each
    /// `(batch,)`. `None` if the loss uses autograd.
    ///
    /// The gradient must equal that of [`PairLoss::losses`]. A closed form is faster than a graph.
    ///
    /// # Errors
    /// Those of [`PairLoss::losses`].
    fn losses_and_gradients(&self, logps: &PairLogps, scale: f64) -> Result<Option<(Tensor, Pair<Tensor>)>> {
        let _ = (logps, scale);
        Ok(None)
    }

    /// The weighted loss of each pair and the diagnostics. The losses have a graph if the policy's log-probabilities have one.
    ///
    /// # Errors
    /// Those of [`PairLoss::losses`].
    fn evaluate(&self, logps: &PairLogps) -> Result<LossOutput> {
        let losses = weighted(self.losses(logps)?, logps)?;
        LossOutput::new(losses, logps, self.beta())
    }

    /// The weighted losses without a graph, and the gradient of their *mean* with respect to the policy's log-probabilities, each
    /// `(batch,)` and in the dtype of the input.
    ///
    /// For training: a backward pass from the policy's log-probabilities with this gradient is faster than one through a graph of the
    /// loss. A graph of the log-probabilities is neither used nor needed.
    ///
    /// # Errors
    /// Those of [`PairLoss::losses`].
    fn evaluate_with_gradient(&self, logps: &PairLogps) -> Result<(LossOutput, Pair<Tensor>)> {
        let (kind, scale) = (logps.input_kind(), 1.0 / logps.batch() as f64);
        if let Some((losses, gradient)) = tch::no_grad(|| self.losses_and_gradients(logps, scale))? {
            let gradient = gradient.try_map(|x| weighted(x, logps)?.f_to_kind(kind).map_err(crate::Error::from))?;
            return Ok((LossOutput::new(weighted(losses, logps)?, logps, self.beta())?, gradient));
        }
        tch::with_grad(|| {
            let leaves = logps.with_leaves()?;
            let losses = weighted(self.losses(&leaves)?, &leaves)?;
            let Pair { chosen, rejected } = leaves.policy();
            let gradients =
                Tensor::f_run_backward(&[losses.f_mean(losses.kind())?], &[chosen, rejected], false, false)?;
            let [chosen, rejected] = <[Tensor; 2]>::try_from(gradients)
                .map_err(|found| tch::TchError::Torch(format!("{} gradients of 2 tensors", found.len())))?;
            // The gradient of a side that the loss does not use is undefined.
            let or_zero = |x: Tensor, side: &Tensor| if x.defined() { Ok(x) } else { side.f_zeros_like() };
            let gradient = Pair { chosen, rejected }.zip(leaves.policy().as_ref());
            let gradient = gradient.try_map(|(x, side)| or_zero(x, side)?.f_to_kind(kind))?;
            Ok((LossOutput::new(losses.f_detach()?, &leaves, self.beta())?, gradient))
        })
    }
}

/// The mean of the weighted losses of a batch.
pub(crate) fn mean_over_pairs(losses: Tensor, logps: &PairLogps) -> Result<Mean> {
    let mean = weighted(losses, logps)?.f_mean(Kind::Double)?.f_double_value(&[])?;
    Ok(Mean::over_pairs(mean, logps.batch()))
}

fn weighted(x: Tensor, logps: &PairLogps) -> Result<Tensor> {
    logps.weights().map_or(Ok(x.shallow_clone()), |weights| Ok(x.f_mul(weights)?))
}

impl<L: PairLoss + ?Sized> PairLoss for Box<L> {
    fn losses(&self, logps: &PairLogps) -> Result<Tensor> {
        (**self).losses(logps)
    }

    fn beta(&self) -> f64 {
        (**self).beta()
    }

    fn couples_batch(&self) -> bool {
        (**self).couples_batch()
    }

    fn loss_terms(&self, logps: &PairLogps) -> Result<Vec<Mean>> {
        (**self).loss_terms(logps)
    }

    fn mean_depends_on_batch_size(&self) -> bool {
        (**self).mean_depends_on_batch_size()
    }

    fn losses_and_gradients(&self, logps: &PairLogps, scale: f64) -> Result<Option<(Tensor, Pair<Tensor>)>> {
        (**self).losses_and_gradients(logps, scale)
    }
}
