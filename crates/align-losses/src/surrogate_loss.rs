use crate::Result;
use std::fmt::Debug;
use tch::Tensor;

/// A surrogate loss: a function from the margin of a pair to its loss, such as logistic, hinge or squared. In generalised preference
/// optimisation (arXiv:2402.05749), DPO, SLiC and IPO differ only in this function.
///
/// A custom surrogate loss works in a [`MarginLoss`](crate::MarginLoss) like the built-in ones:
///
/// ```
/// use {align_losses::{FDivergence, SurrogateLoss, MarginLoss, Pair, PairLogps, PairLoss, Result}, tch::Tensor};
/// #[derive(Debug)]
/// struct Cubic;
/// impl SurrogateLoss for Cubic {
///     fn loss(&self, margin: &Tensor, beta: f64) -> Result<Tensor> {
///         Ok((1.0f64 - beta * margin).relu().pow_tensor_scalar(3.0))
///     }
/// }
/// let loss = MarginLoss::new(FDivergence::JsDivergence, Cubic, 0.1)?;
/// let logps = Pair { chosen: Tensor::from_slice(&[-12.0f32]), rejected: Tensor::from_slice(&[-15.0f32]) };
/// let (found, _gradient) = loss.evaluate_with_gradient(&PairLogps::new(&logps, &logps)?)?;
/// assert_eq!(found.losses, Tensor::from_slice(&[1.0f32]));
/// # Ok::<(), align_losses::Error>(())
/// ```
pub trait SurrogateLoss: Debug {
    /// The loss of each margin between scores, of the same shape; differentiable. Each loss depends on its own margin only. The reward margin is
    /// `beta · margin`.
    ///
    /// # Errors
    /// Inputs for which the formula is not defined.
    fn loss(&self, margin: &Tensor, beta: f64) -> Result<Tensor>;

    /// The derivative of the loss with respect to the margin, of the same shape. `None` to use autograd.
    ///
    /// # Errors
    /// Those of [`SurrogateLoss::loss`].
    fn derivative(&self, margin: &Tensor, beta: f64) -> Result<Option<Tensor>> {
        let _ = (margin, beta);
        Ok(None)
    }
}
