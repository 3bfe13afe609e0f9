use tch::Tensor;

/// Log-probabilities of target tokens with the values that their backward pass needs, for explicit forward and backward calls.
/// [`differentiable_logps`](super::differentiable_logps) does the same as an autograd node.
///
/// The output projection is the largest matrix of a small language model, and its logits, `(n, vocab)`, need more memory than everything
/// else in a training step. Here they exist for one chunk of rows at a time: the forward pass keeps one number per row, the log-sum-exp, and
/// the backward pass recomputes the logits. Neither uses autograd:
///
/// 1. [`LinearLogps::forward`] computes the log-probabilities;
/// 2. a loss computes their gradient, for example [`PairLoss::evaluate_with_gradient`](crate::PairLoss::evaluate_with_gradient);
/// 3. [`LinearLogps::backward`] computes the gradients of the hidden states and the projection.
///
/// ```
/// use {align_losses::{LinearLogps, LinearLogpsOptions}, tch::{Device, Kind, Tensor}};
/// let (hidden, weight) = (Tensor::ones([1, 3], (Kind::Float, Device::Cpu)), Tensor::ones([4, 3], (Kind::Float, Device::Cpu)));
/// let targets = Tensor::from_slice(&[2i64]);
/// let (linear, _) = LinearLogps::forward(&hidden, &weight, &targets, &LinearLogpsOptions::default())?;
/// let mut weight_gradient = weight.zeros_like();
/// linear.backward(&Tensor::from_slice(&[1.0f32]), &mut weight_gradient)?;
/// assert_eq!(weight_gradient.double_value(&[2, 0]), 0.75); // 1 - softmax
/// # Ok::<(), align_losses::Error>(())
/// ```
#[derive(Debug)]
pub struct LinearLogps {
    pub(super) hidden: Tensor,
    pub(super) weight: Tensor,
    pub(super) softcap: Option<f64>,
    /// The largest logit of each row, `(n, 1)`, if logits are kept and capped.
    pub(super) largest: Option<Tensor>,
    pub(super) targets: Tensor,
    pub(super) logps: Tensor,
    /// `(n, 1)`: makes `exp(logits - log_normaliser)` sum to 1.
    pub(super) log_normaliser: Tensor,
    /// The logits minus the largest logit of their row, `(n, vocab)`, if they are kept.
    pub(super) kept: Option<Tensor>,
    pub(super) chunk_rows: i64,
}

/// The result of [`LinearLogps::backward`] besides the gradient of the projection, which is added in place.
#[derive(Debug)]
pub struct LogpsGradient {
    /// The gradient of the hidden states, of their shape `(n, d)` and dtype.
    pub hidden: Tensor,
}
