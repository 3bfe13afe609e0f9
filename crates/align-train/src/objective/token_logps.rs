//! Log-probabilities of a batch's predicted tokens under a model.

use super::SequenceTokens;
use crate::Result;
use align_losses::{LinearLogpsOptions, TokenStatistics, differentiable_logps};
use align_models::CausalLm;
use tch::Tensor;

/// The log-probabilities of a batch's predicted tokens under a model, straight from its hidden states.
#[derive(Debug)]
pub struct TokenLogps {
    /// Each token's, `(n)`, in nats, float32; differentiable where the hidden states or the head are.
    pub logps: Tensor,
    /// What was asked for of each token's distribution.
    pub statistics: Option<TokenStatistics>,
}

impl TokenLogps {
    /// Those of `tokens` out of a model's final hidden states, `(rows, seq, n_embd)`.
    ///
    /// # Errors
    /// Hidden states that the tokens are not predicted from, or what LibTorch refuses.
    pub fn new(
        model: &dyn CausalLm,
        hidden: &Tensor,
        tokens: &SequenceTokens,
        options: &LinearLogpsOptions,
    ) -> Result<Self> {
        let (logps, statistics) =
            differentiable_logps(&tokens.select(hidden)?, model.head(), &tokens.targets, options)?;
        Ok(Self { logps, statistics })
    }

    /// The same without a graph and without statistics.
    ///
    /// # Errors
    /// As [`TokenLogps::new`].
    pub(crate) fn frozen(model: &dyn CausalLm, hidden: &Tensor, tokens: &SequenceTokens) -> Result<Tensor> {
        tch::no_grad(|| Ok(Self::new(model, hidden, tokens, &LinearLogpsOptions::default())?.logps))
    }
}

/// Goes back through the graph of `values` from the derivative by them, `gradient`, of their shape.
pub(crate) fn backward(values: &Tensor, gradient: &Tensor) -> Result<()> {
    // The gradient of this sum by `values` is `gradient`: tch takes no output gradient.
    Ok(values.f_mul(gradient)?.f_sum(values.kind())?.f_backward()?)
}
