/// Memory in bytes that a training step of a model needs, not counting the weights and their gradients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrainingMemory {
    /// Activations that the forward pass saves for the backward pass.
    pub activations: u64,
    /// The part of the activations that belongs to attention. It is proportional to the positions in all rows, even where rows share
    /// tokens ([`Attention::SharedTokens`](crate::Attention::SharedTokens)). The rest is proportional to the distinct tokens.
    pub attention_activations: u64,
    /// Temporary memory of the backward pass of one layer.
    pub workspace: u64,
    /// The logits of one token, in float32 or wider; 0 for a model without logits over the vocabulary.
    pub token_logits: u64,
}

impl TrainingMemory {
    /// The memory if rows share tokens, so that only a fraction (0 to 1) of the tokens is computed.
    #[must_use]
    pub fn with_shared_tokens(self, fraction: f64) -> Self {
        let scaled = |bytes: u64| (bytes as f64 * fraction).ceil() as u64;
        let activations =
            self.attention_activations + scaled(self.activations.saturating_sub(self.attention_activations));
        Self { activations, workspace: scaled(self.workspace), ..self }
    }
}
