use crate::{LossOutput, Mean, Pair, PairLogps, Result};
use std::fmt::Debug;
use tch::{Kind, Tensor};

/// A loss of pairs against a reference: what a trainer needs of one.
///
/// A loss of one's own says its formula and its `beta`; gradients, weights and diagnostics come with the trait. One that is
/// a function of a margin is shorter still as a [`Link`](crate::Link) or a [`Divergence`](crate::Divergence).
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
    /// The loss of each pair, `(batch,)`, before weights; differentiable by the policy's log-probabilities.
    ///
    /// # Errors
    /// Whatever the loss needs and `logps` lacks.
    fn losses(&self, logps: &PairLogps) -> Result<Tensor>;

    /// The factor between log-ratios and implicit rewards, `r = β (log π - log π_ref)`.
    fn beta(&self) -> f64;

    /// Whether a pair's loss depends on the batch's other pairs, as it is taken to do unless a loss says otherwise. A trainer takes a
    /// batch apart where no pair's does.
    fn couples_batch(&self) -> bool {
        true
    }

    /// The means that add up to the batch's mean loss, weights included, without a graph: the same ones, in the same order, for every
    /// batch. The mean over several batches is the sum of each one's [`Mean::combine`].
    ///
    /// # Errors
    /// As [`PairLoss::losses`].
    fn means(&self, logps: &PairLogps) -> Result<Vec<Mean>> {
        Ok(vec![mean_over_pairs(self.losses(logps)?, logps)?])
    }

    /// Whether the sum of the [`PairLoss::means`] of several batches is another number than the loss of all their pairs as one batch.
    fn mean_depends_on_batches(&self) -> bool {
        self.couples_batch()
    }

    /// The losses without a graph, `(batch,)`, and each one's derivative by its own pair's log-probabilities times `scale`,
    /// each `(batch,)`; `None` where the loss leaves its derivative to LibTorch's graph.
    ///
    /// It must say what [`PairLoss::losses`] differentiated says; it is there because a graph costs more than such formulas do.
    ///
    /// # Errors
    /// As [`PairLoss::losses`].
    fn losses_and_slopes(&self, logps: &PairLogps, scale: f64) -> Result<Option<(Tensor, Pair<Tensor>)>> {
        let _ = (logps, scale);
        Ok(None)
    }

    /// The loss of each pair, with its weight and its graph where the policy's log-probabilities have one, and what it says of
    /// the policy.
    ///
    /// # Errors
    /// As [`PairLoss::losses`].
    fn evaluate(&self, logps: &PairLogps) -> Result<LossOutput> {
        let losses = weighted(self.losses(logps)?, logps)?;
        LossOutput::new(losses, logps, self.beta())
    }

    /// The same without a graph, and the derivative of the batch's *mean* loss by the policy's log-probabilities, each side
    /// `(batch,)` and of the dtype that they came in.
    ///
    /// For training: going back from the policy's log-probabilities with this derivative costs less than a graph of the loss.
    /// A graph that the log-probabilities may have is neither used nor needed.
    ///
    /// # Errors
    /// As [`PairLoss::losses`].
    fn evaluate_with_gradient(&self, logps: &PairLogps) -> Result<(LossOutput, Pair<Tensor>)> {
        let kind = logps.given_kind();
        if let Some((losses, slopes)) = tch::no_grad(|| self.losses_and_slopes(logps, 1.0 / logps.batch() as f64))? {
            let slopes = slopes.try_map(|slope| weighted(slope, logps)?.f_to_kind(kind).map_err(crate::Error::from))?;
            return Ok((LossOutput::new(weighted(losses, logps)?, logps, self.beta())?, slopes));
        }
        tch::with_grad(|| {
            let leaves = logps.with_leaves()?;
            let losses = weighted(self.losses(&leaves)?, &leaves)?;
            let Pair { chosen, rejected } = leaves.policy();
            let gradients =
                Tensor::f_run_backward(&[losses.f_mean(losses.kind())?], &[chosen, rejected], false, false)?;
            let [chosen, rejected] = <[Tensor; 2]>::try_from(gradients)
                .map_err(|found| tch::TchError::Torch(format!("{} gradients of 2 tensors", found.len())))?;
            // A side that the loss does not look at has no gradient at all.
            let or_zero = |x: Tensor, side: &Tensor| if x.defined() { Ok(x) } else { side.f_zeros_like() };
            let gradient = Pair { chosen, rejected }.zip(leaves.policy().as_ref());
            let gradient = gradient.try_map(|(x, side)| or_zero(x, side)?.f_to_kind(kind))?;
            Ok((LossOutput::new(losses.f_detach()?, &leaves, self.beta())?, gradient))
        })
    }
}

/// The mean over a batch's pairs of their losses, weights included.
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

    fn means(&self, logps: &PairLogps) -> Result<Vec<Mean>> {
        (**self).means(logps)
    }

    fn mean_depends_on_batches(&self) -> bool {
        (**self).mean_depends_on_batches()
    }

    fn losses_and_slopes(&self, logps: &PairLogps, scale: f64) -> Result<Option<(Tensor, Pair<Tensor>)>> {
        (**self).losses_and_slopes(logps, scale)
    }
}
