use super::{PolicyStatistics, PolicyTokens};
use crate::{Mean, Over, Result};
use std::fmt;
use tch::Tensor;

/// A policy-gradient loss on the tokens of completions with advantages: [`GrpoLoss`](super::GrpoLoss), [`RlooLoss`](super::RlooLoss), or
/// a user's own.
///
/// The loss is a mean over completions or over tokens ([`GroupPolicyLoss::mean_over`]), and a completion's terms do not depend on other
/// completions. So the loss of a batch is the mean of those of its parts, weighted by their numbers of completions or tokens.
pub trait GroupPolicyLoss: fmt::Debug {
    /// The loss, one number with the graph of the tokens' log-probabilities.
    ///
    /// # Errors
    /// Tokens without log-probabilities that the loss needs.
    fn loss(&self, tokens: &PolicyTokens) -> Result<Tensor>;

    /// The loss and its gradient with respect to the tokens' log-probabilities, in closed form.
    ///
    /// # Errors
    /// Those of [`GroupPolicyLoss::loss`].
    fn loss_and_gradient(&self, tokens: &PolicyTokens) -> Result<GroupPolicyOutput>;

    /// What the loss is a mean of: completions ([`Over::Rows`]) or tokens.
    fn mean_over(&self) -> Over;

    /// Whether the batches of an optimiser step that accumulates several are weighted by their tokens. Otherwise each counts the same.
    fn weighs_batches_by_tokens(&self) -> bool {
        false
    }

    /// Whether the loss needs the log-probabilities of the reference model.
    fn needs_reference(&self) -> bool {
        false
    }

    /// Whether the loss of a completion with advantage 0 is 0, with a gradient of 0. Such completions need no backward pass.
    fn is_zero_without_advantage(&self) -> bool {
        false
    }
}

/// The result of [`GroupPolicyLoss::loss_and_gradient`].
#[derive(Debug)]
pub struct GroupPolicyOutput {
    /// The loss, with its unit and count.
    pub loss: Mean,
    /// The gradient of the loss with respect to the log-probabilities, `(rows, seq)`, 0 outside the mask.
    pub gradient: Tensor,
    /// Metrics under TRL's names.
    pub statistics: PolicyStatistics,
}
