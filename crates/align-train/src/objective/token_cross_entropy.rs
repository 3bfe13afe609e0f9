//! The cross-entropy of tokens and its gradient in one pass over the output projection.

use super::token_logps::{backward, linear_head};
use crate::Result;
use align_losses::{LinearLogps, LinearLogpsOptions};
use align_models::CausalLm;
use align_torch::gradient_or_zeros;
use tch::{Kind, Tensor};

/// Tokens whose logits are in memory at the same time.
const CHUNK: i64 = 256;

/// Sums over tokens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct TokenCrossEntropy {
    /// `-Σ log π(y_t | y_<t)`, in nats.
    pub loss: f64,
    /// Entropy of the next-token distributions, in nats.
    pub entropy: f64,
    /// The number of targets that are the most probable token.
    pub correct: f64,
}

/// The cross-entropy of `targets` `(n)` given the hidden states `selected` `(n, hidden_size)`. With a `scale`, adds the gradient of
/// `scale` times the loss to the gradients of the policy's weights.
///
/// The gradient with respect to each token's log-probability is known in advance (`-scale`), unlike with a preference loss. So each chunk
/// of tokens runs forward and backward while its logits are in memory: they are neither stored for the whole batch nor computed twice.
pub(crate) fn token_cross_entropy(
    policy: &dyn CausalLm,
    selected: &Tensor,
    targets: &Tensor,
    scale: Option<f64>,
) -> Result<TokenCrossEntropy> {
    let (head, tokens) = (policy.head(), targets.size1()?);
    // A chunk's logits are always kept until its backward pass, which follows at once.
    let keep_logits_bytes = if scale.is_some() { usize::MAX } else { 0 };
    let options =
        LinearLogpsOptions { chunk_rows: CHUNK, keep_logits_bytes, statistics: true, ..LinearLogpsOptions::default() };
    let (mut sums, mut hidden_gradients) = (Vec::new(), Vec::new());
    for start in (0..tokens).step_by(CHUNK as usize) {
        let chunk = |x: &Tensor| x.f_narrow(0, start, CHUNK.min(tokens - start));
        let (linear, statistics) =
            LinearLogps::forward(&chunk(selected)?, linear_head(policy), &chunk(targets)?, &options)?;
        let values = statistics.iter().flat_map(|statistics| [&statistics.entropy, &statistics.correct]);
        let values = std::iter::once(linear.logps()).chain(values).map(|x| x.f_sum(Kind::Double));
        sums.push(Tensor::f_stack(&values.collect::<std::result::Result<Vec<_>, _>>()?, 0)?);
        if let Some(scale) = scale {
            let logps_gradient = linear.logps().f_full_like(-scale)?;
            hidden_gradients.push(head_backward(head, linear, &logps_gradient)?);
        }
    }
    if scale.is_some() && tokens > 0 {
        backward(selected, &Tensor::f_cat(&hidden_gradients, 0)?)?;
    }
    // All sums are read at once, because every read waits for the GPU.
    let sums = match tokens {
        0 => vec![0.0; 3],
        _ => Vec::<f64>::try_from(Tensor::f_stack(&sums, 0)?.f_sum_dim_intlist(
            [0i64].as_slice(),
            false,
            Kind::Double,
        )?)?,
    };
    let sum = |i: usize| sums.get(i).copied().unwrap_or_default();
    Ok(TokenCrossEntropy { loss: -sum(0), entropy: sum(1), correct: sum(2) })
}

/// The gradient with respect to the hidden states, from that with respect to each token's log-probability. Adds the gradient of the head.
fn head_backward(head: &Tensor, linear: LinearLogps, logps_gradient: &Tensor) -> Result<Tensor> {
    let gradient = tch::no_grad(|| match head.requires_grad() {
        true => linear.backward(logps_gradient, &mut gradient_or_zeros(head)?),
        // The head is frozen if the model has an adapter.
        false => linear.backward_hidden(logps_gradient),
    })?;
    Ok(gradient.hidden)
}
