//! The two phases of a step: log-probabilities forward without the vocabulary's graph, then the derivative back.

use super::sequences::SequenceTokens;
use crate::Result;
use align_data::CompletionBatch;
use align_losses::{LinearLogps, LinearLogpsOptions, LogpsGradient, TokenStatistics, differentiable_logps};
use align_models::{Attention, CausalLm};
use tch::Tensor;

/// The policy's log-probabilities of a batch, and what backward needs.
pub(crate) struct Forward {
    /// Each row's log-probability, `(rows)`, float32.
    pub logps: Tensor,
    /// What was asked for of each predicted token.
    pub statistics: Option<TokenStatistics>,
    /// The final hidden states, without a graph.
    pub hidden: Tensor,
    token_logps: Tensor,
}

impl Forward {
    /// Each predicted token's log-probability, `(n)`.
    pub fn token_logps(&self) -> &Tensor {
        &self.token_logps
    }
}

/// Runs a model over a batch without a graph: each row's log-probability, `(rows)`.
pub(crate) fn frozen_logps(model: &dyn CausalLm, batch: &CompletionBatch, tokens: &SequenceTokens) -> Result<Tensor> {
    tch::no_grad(|| {
        let hidden = model.hidden(&batch.input_ids, None, &Attention::Causal, None)?;
        tokens.logps(&frozen_token_logps(model, &hidden, tokens)?)
    })
}

/// Each predicted token's log-probability, `(n)`, out of a model's hidden states.
pub(crate) fn frozen_token_logps(model: &dyn CausalLm, hidden: &Tensor, tokens: &SequenceTokens) -> Result<Tensor> {
    Ok(align_losses::linear_logps(&tokens.select(hidden)?, model.head(), &tokens.targets)?)
}

/// The first phase, out of the policy's final hidden states; with their graph, if they have one.
pub(crate) fn forward(
    policy: &dyn CausalLm,
    hidden: &Tensor,
    tokens: &SequenceTokens,
    options: &LinearLogpsOptions,
) -> Result<Forward> {
    let selected = tokens.select(hidden)?;
    let (token_logps, statistics) = differentiable_logps(&selected, policy.head(), &tokens.targets, options)?;
    let logps = tokens.logps(&token_logps)?;
    Ok(Forward { logps, statistics, hidden: hidden.f_detach()?, token_logps })
}

/// Adds to the gradient of every weight that has one: `by_token` `(n)` is the derivative of the batch's loss by each token's
/// log-probability.
pub(crate) fn backward(_policy: &dyn CausalLm, forward: Forward, by_token: &Tensor) -> Result<()> {
    backward_hidden(&forward.token_logps, by_token)
}

/// The derivative by the hidden states, from that by each token's log-probability; the head's gradient is added to.
pub(crate) fn backward_head(head: &Tensor, linear: LinearLogps, by_token: &Tensor) -> Result<Tensor> {
    let LogpsGradient { hidden } = tch::no_grad(|| match head.requires_grad() {
        true => linear.backward(by_token, &mut head.grad()),
        // Under an adapter the head stands still.
        false => linear.backward_hidden(by_token),
    })?;
    Ok(hidden)
}

/// Goes back from hidden states, of whatever shape, through the graph that they came by.
pub(crate) fn backward_hidden(hidden: &Tensor, by_hidden: &Tensor) -> Result<()> {
    // The gradient of this sum by `hidden` is `by_hidden`: tch takes no output gradient.
    Ok(hidden.f_mul(by_hidden)?.f_sum(hidden.kind())?.f_backward()?)
}
