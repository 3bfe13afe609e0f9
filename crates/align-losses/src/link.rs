use crate::Result;
use std::fmt::Debug;
use tch::Tensor;

/// A function that turns a pair's margin into its loss: convex and falling in generalised preference optimisation
/// (arXiv:2402.05749), where DPO, SLiC and IPO differ by nothing else.
///
/// One of your own in a [`MarginLoss`](crate::MarginLoss) has everything that the built-in ones have:
///
/// ```
/// use {align_losses::{FDivergence, Link, MarginLoss, Pair, PairLogps, PairLoss, Result}, tch::Tensor};
/// #[derive(Debug)]
/// struct Cubic;
/// impl Link for Cubic {
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
pub trait Link: Debug {
    /// The loss of each margin between scores, of its shape; differentiable. A reward margin is `beta · margin`.
    ///
    /// # Errors
    /// What the formula cannot take.
    fn loss(&self, margin: &Tensor, beta: f64) -> Result<Tensor>;

    /// Its derivative by the margin, of the margin's shape; `None` leaves it to LibTorch's graph.
    ///
    /// # Errors
    /// As [`Link::loss`].
    fn slope(&self, margin: &Tensor, beta: f64) -> Result<Option<Tensor>> {
        let _ = (margin, beta);
        Ok(None)
    }
}
