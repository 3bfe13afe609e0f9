//! Token log-probabilities computed directly from hidden states, without the logits of a whole batch.

mod backward;
mod chunk;
mod forward;
mod linear_head;
mod options;
mod saved;

pub use chunk::TokenStatistics;
pub use linear_head::LinearHead;
pub use options::LinearLogpsOptions;
pub use saved::{LinearLogps, LogpsGradient};

use crate::{Error, Result, check};
use align_torch::{gradient_or_zeros, records_graph, with_custom_backward};
use tch::Tensor;

/// The log-probability of each target under the softmax of the `head`'s logits, `(n,)`, in nats and without a graph.
///
/// For scoring. The arguments and errors are those of [`LinearLogps::forward`], which is for training.
///
/// ```
/// use tch::{Device, Kind, Tensor};
/// let (hidden, weight) = (Tensor::ones([2, 3], (Kind::Float, Device::Cpu)), Tensor::ones([5, 3], (Kind::Float, Device::Cpu)));
/// let logps = align_losses::linear_logps(&hidden, &weight, &Tensor::from_slice(&[0i64, 4]))?;
/// assert!((logps.double_value(&[1]) + 5f64.ln()).abs() < 1e-6); // uniform over five ids
/// # Ok::<(), align_losses::Error>(())
/// ```
///
/// # Errors
/// As [`LinearLogps::forward`].
pub fn linear_logps<'a>(hidden: &Tensor, head: impl Into<LinearHead<'a>>, targets: &Tensor) -> Result<Tensor> {
    let options = LinearLogpsOptions { keep_logits_bytes: 0, ..Default::default() };
    Ok(LinearLogps::forward(hidden, head, targets, &options)?.0.logps)
}

/// The log-probability of each target under the softmax of the `head`'s logits, `(n,)`, in nats, as a single autograd node without a graph
/// over the vocabulary.
///
/// The backward pass returns the gradient of `hidden` and adds the gradient of the head's weight in place, which avoids a copy of the largest
/// matrix. Therefore the weight must be a leaf, and gradients of selected tensors ([`Tensor::run_backward`]) are not supported. If no graph is
/// recorded, the cost is that of [`linear_logps`]. The arguments and errors are those of [`LinearLogps::forward`].
///
/// ```
/// use {align_losses::{LinearLogpsOptions, differentiable_logps}, tch::{Device, Kind, Tensor}};
/// let (hidden, weight) = (Tensor::ones([1, 3], (Kind::Float, Device::Cpu)), Tensor::ones([4, 3], (Kind::Float, Device::Cpu)));
/// let (hidden, weight) = (hidden.set_requires_grad(true), weight.set_requires_grad(true));
/// let targets = Tensor::from_slice(&[2i64]);
/// let (logps, _) = differentiable_logps(&hidden, &weight, &targets, &LinearLogpsOptions::default())?;
/// logps.sum(Kind::Float).backward();
/// assert_eq!(weight.grad().double_value(&[2, 0]), 0.75); // 1 - softmax
/// # Ok::<(), align_losses::Error>(())
/// ```
///
/// # Errors
/// As [`LinearLogps::forward`].
pub fn differentiable_logps<'a>(
    hidden: &Tensor,
    head: impl Into<LinearHead<'a>>,
    targets: &Tensor,
    options: &LinearLogpsOptions,
) -> Result<(Tensor, Option<TokenStatistics>)> {
    let head = head.into();
    let weight = head.weight;
    let by_weight = records_graph(weight)?;
    if !by_weight && !records_graph(hidden)? {
        let options = LinearLogpsOptions { keep_logits_bytes: 0, ..*options };
        let (linear, statistics) = LinearLogps::forward(hidden, head, targets, &options)?;
        return Ok((linear.logps, statistics));
    }
    let (linear, statistics) = LinearLogps::forward(hidden, head, targets, options)?;
    let (logps, weight) = (linear.logps.shallow_clone(), weight.shallow_clone());
    let logps = with_custom_backward(hidden, &logps, move |by_logps| {
        let by = match by_weight {
            true => linear.backward(by_logps, &mut gradient_or_zeros(&weight)?)?,
            false => linear.backward_hidden(by_logps)?,
        };
        Ok::<_, Error>(by.hidden)
    })?;
    Ok((logps, statistics))
}

impl LinearLogps {
    /// Computes the log-probability of each target under the softmax of the `head`'s logits.
    ///
    /// * `hidden`: `(n, d)`, the hidden states that predict the targets. Their graph is not used.
    /// * `head`: a weight `(vocab, d)` of the same dtype; bfloat16 and float16 products are converted to float32. It must not change before
    ///   [`LinearLogps::backward`].
    /// * `targets`: int64 `(n,)`.
    ///
    /// # Errors
    /// Shapes, dtypes or devices that do not fit, an id outside the vocabulary, or `chunk_rows` below 1.
    pub fn forward<'a>(
        hidden: &Tensor,
        head: impl Into<LinearHead<'a>>,
        targets: &Tensor,
        options: &LinearLogpsOptions,
    ) -> Result<(Self, Option<TokenStatistics>)> {
        let LinearHead { weight, softcap } = head.into();
        tch::no_grad(|| {
            let weight = weight.f_detach()?;
            forward::forward(&hidden.f_detach()?, LinearHead { weight: &weight, softcap }, targets, options)
        })
    }

    /// The log-probability of each target, `(n,)`, in nats: float32, or float64 for float64 hidden states.
    pub fn logps(&self) -> &Tensor {
        &self.logps
    }

    /// Computes the gradient of the hidden states from that of the log-probabilities, and adds the gradient of the projection to
    /// `weight_gradient`.
    ///
    /// * `gradient`: `(n,)`, of the dtype of the log-probabilities. Rows with a gradient of 0 are skipped.
    /// * `weight_gradient`: `(vocab, d)`, of the dtype of the projection, or float32 for a bfloat16 or float16 projection, which is more
    ///   precise over many chunks.
    ///
    /// # Errors
    /// Shapes, dtypes or devices that do not fit.
    pub fn backward(self, gradient: &Tensor, weight_gradient: &mut Tensor) -> Result<LogpsGradient> {
        if !weight_gradient.defined() {
            let expected = format!("{:?}: fill the gradient with zeros before the first step", self.weight.size());
            return Err(Error::Shape { argument: "weight_gradient", expected, found: vec![] });
        }
        check::shape("weight_gradient", weight_gradient, &self.weight.size())?;
        check::same_device("weight_gradient", weight_gradient, &self.weight)?;
        if weight_gradient.kind() != check::compute_kind(self.weight.kind()) {
            check::kind("weight_gradient", weight_gradient, self.weight.kind())?;
        }
        tch::no_grad(|| backward::backward(&self, gradient, Some(weight_gradient)))
    }

    /// Like [`LinearLogps::backward`], for a frozen projection: only computes the gradient of the hidden states.
    ///
    /// # Errors
    /// Those of [`LinearLogps::backward`].
    pub fn backward_hidden(self, gradient: &Tensor) -> Result<LogpsGradient> {
        tch::no_grad(|| backward::backward(&self, gradient, None))
    }
}
