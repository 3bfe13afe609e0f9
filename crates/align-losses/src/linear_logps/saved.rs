use tch::Tensor;

/// Log-probabilities of target tokens and what their derivative needs, where forward and backward are called by hand;
/// [`differentiable_logps`](super::differentiable_logps) puts both into LibTorch's graph.
///
/// The output projection is the largest matrix of a small language model, and its logits, `(n, vocab)`, are larger than
/// everything else a step holds. Here they exist for a chunk of rows at a time: the forward pass keeps one number a
/// row, the log-sum-exp, and the backward pass computes the logits again. Neither uses LibTorch's graph:
///
/// 1. [`LinearLogps::forward`] gives the log-probabilities;
/// 2. a loss gives the derivative by them, such as [`PairLoss::evaluate_with_gradient`](crate::PairLoss::evaluate_with_gradient);
/// 3. [`LinearLogps::backward`] takes it to the hidden states and the projection.
///
/// ```
/// use {align_losses::{LinearLogps, LinearLogpsOptions}, tch::{Device, Kind, Tensor}};
/// let (hidden, weight) = (Tensor::ones([1, 3], (Kind::Float, Device::Cpu)), Tensor::ones([4, 3], (Kind::Float, Device::Cpu)));
/// let targets = Tensor::from_slice(&[2i64]);
/// let (linear, _) = LinearLogps::forward(&hidden, &weight, &targets, &LinearLogpsOptions::default())?;
/// let mut by_weight = weight.zeros_like();
/// linear.backward(&Tensor::from_slice(&[1.0f32]), &mut by_weight)?;
/// assert_eq!(by_weight.double_value(&[2, 0]), 0.75); // 1 - softmax
/// # Ok::<(), align_losses::Error>(())
/// ```
#[derive(Debug)]
pub struct LinearLogps {
    pub(super) hidden: Tensor,
    pub(super) weight: Tensor,
    pub(super) targets: Tensor,
    pub(super) logps: Tensor,
    /// `(n, 1)`: what `exp(logits - log_normaliser)` needs to sum to 1.
    pub(super) log_normaliser: Tensor,
    /// Each row's logits less their largest, `(n, vocab)`, if they are kept.
    pub(super) kept: Option<Tensor>,
    pub(super) chunk_rows: i64,
}

/// What [`LinearLogps::backward`] gives besides the projection's gradient, which it adds in place.
#[derive(Debug)]
pub struct LogpsGradient {
    /// The derivative by the hidden states: their shape `(n, d)` and dtype.
    pub hidden: Tensor,
}
