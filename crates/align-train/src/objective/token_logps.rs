//! Log-probabilities of the predicted tokens of a batch.

use super::SequenceTokens;
use crate::Result;
use align_losses::{LinearHead, LinearLogpsOptions, TokenStatistics, differentiable_logps};
use align_models::CausalLm;
use tch::{Kind, Tensor};

/// The log-probabilities of the predicted tokens of a batch under a model, computed from its hidden states.
#[derive(Debug)]
pub struct TokenLogps {
    /// The log-probability of each token, `(n)`, in nats, float32; differentiable if the hidden states or the head are.
    pub logps: Tensor,
    /// The statistics of each token's distribution that the options request.
    pub statistics: Option<TokenStatistics>,
}

impl TokenLogps {
    /// Computes the log-probabilities of `tokens` from a model's final hidden states, `(rows, seq, hidden_size)`.
    ///
    /// # Errors
    /// Hidden states of another batch, or LibTorch errors.
    pub fn new(
        model: &dyn CausalLm,
        hidden: &Tensor,
        tokens: &SequenceTokens,
        options: &LinearLogpsOptions,
    ) -> Result<Self> {
        let (logps, statistics) =
            differentiable_logps(&tokens.select_hidden(hidden)?, linear_head(model), &tokens.targets, options)?;
        Ok(Self { logps, statistics })
    }

    /// The log-probabilities without a graph and without statistics.
    ///
    /// # Errors
    /// Those of [`TokenLogps::new`].
    pub(crate) fn without_graph(model: &dyn CausalLm, hidden: &Tensor, tokens: &SequenceTokens) -> Result<Tensor> {
        tch::no_grad(|| Ok(Self::new(model, hidden, tokens, &LinearLogpsOptions::default())?.logps))
    }
}

/// The dtype of a model's log-probabilities: that of the model, but at least float32.
pub(crate) fn logps_kind(model: &dyn CausalLm) -> Kind {
    if model.head().kind() == Kind::Double { Kind::Double } else { Kind::Float }
}

/// The output projection of a model.
pub(crate) fn linear_head(model: &dyn CausalLm) -> LinearHead<'_> {
    LinearHead { weight: model.head(), softcap: model.logit_softcap() }
}

/// Runs the backward pass from `values`, with `gradient` as their output gradient.
pub(crate) fn backward(values: &Tensor, gradient: &Tensor) -> Result<()> {
    // tch does not accept an output gradient. The gradient of this sum with respect to `values` is `gradient`.
    Ok(values.f_mul(gradient)?.f_sum(values.kind())?.f_backward()?)
}
