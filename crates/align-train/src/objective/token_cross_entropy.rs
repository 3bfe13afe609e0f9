//! The cross-entropy of tokens with its gradient, in one pass over the output projection.

use super::token_logps::backward;
use crate::Result;
use align_losses::{LinearLogps, LinearLogpsOptions};
use align_models::CausalLm;
use tch::{Kind, Tensor};

/// Tokens whose logits are held at once.
const CHUNK: i64 = 256;

/// Sums over tokens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct TokenCrossEntropy {
    /// `-Σ log π(y_t | y_<t)`, in nats.
    pub loss: f64,
    /// Entropy of the next-token distributions, in nats.
    pub entropy: f64,
    /// Tokens that are the likeliest.
    pub correct: f64,
}

/// The cross-entropy of `targets` `(n)` behind hidden states `selected` `(n, n_embd)`. With a `scale`, the gradient of `scale` times
/// the loss is added to that of every weight of the policy.
///
/// What the loss is differentiated by is known beforehand, `-scale` a token, unlike that of a preference loss. So a chunk of tokens
/// goes forward and back while its logits are there: they are neither kept for a whole batch nor computed twice.
pub(crate) fn token_cross_entropy(
    policy: &dyn CausalLm,
    selected: &Tensor,
    targets: &Tensor,
    scale: Option<f64>,
) -> Result<TokenCrossEntropy> {
    let (head, tokens) = (policy.head(), targets.size1()?);
    // A chunk's logits are always kept, for the few lines until they are used again.
    let keep_logits_bytes = if scale.is_some() { usize::MAX } else { 0 };
    let options =
        LinearLogpsOptions { chunk_rows: CHUNK, keep_logits_bytes, statistics: true, ..LinearLogpsOptions::default() };
    let (mut sums, mut by_hidden) = (Vec::new(), Vec::new());
    for start in (0..tokens).step_by(CHUNK as usize) {
        let part = |x: &Tensor| x.f_narrow(0, start, CHUNK.min(tokens - start));
        let (linear, statistics) = LinearLogps::forward(&part(selected)?, head, &part(targets)?, &options)?;
        let values = statistics.iter().flat_map(|found| [&found.entropy, &found.correct]);
        let values = std::iter::once(linear.logps()).chain(values).map(|x| x.f_sum(Kind::Double));
        sums.push(Tensor::f_stack(&values.collect::<std::result::Result<Vec<_>, _>>()?, 0)?);
        if let Some(scale) = scale {
            let by_logps = linear.logps().f_full_like(-scale)?;
            by_hidden.push(head_backward(head, linear, &by_logps)?);
        }
    }
    if scale.is_some() && tokens > 0 {
        backward(selected, &Tensor::f_cat(&by_hidden, 0)?)?;
    }
    // One number at a time would wait for the GPU each time.
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

/// The derivative by the hidden states, from that by each token's log-probability; the head's gradient is added to.
fn head_backward(head: &Tensor, linear: LinearLogps, by_token: &Tensor) -> Result<Tensor> {
    let by = tch::no_grad(|| match head.requires_grad() {
        true => linear.backward(by_token, &mut head.grad()),
        // Under an adapter the head stands still.
        false => linear.backward_hidden(by_token),
    })?;
    Ok(by.hidden)
}
