/// Bytes that one pass of a model needs in training, its weights and their gradients apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrainingMemory {
    /// What the forward pass keeps for the backward pass.
    pub activations: u64,
    /// Of these, what it keeps of each place of attention's rows; of the others one a token, where rows share tokens
    /// ([`Attention::Rows`](crate::Attention::Rows)).
    pub attended: u64,
    /// What the backward pass holds besides while it goes through one layer.
    pub workspace: u64,
    /// One token's scores over the vocabulary, in float32 or wider; 0 for a model that gives none.
    pub token_logits: u64,
}

impl TrainingMemory {
    /// The same with `share` of the tokens, from 0 to 1, in the same rows of attention.
    #[must_use]
    pub fn with_shared_tokens(self, share: f64) -> Self {
        let of = |bytes: u64| (bytes as f64 * share).ceil() as u64;
        let activations = self.attended + of(self.activations.saturating_sub(self.attended));
        Self { activations, workspace: of(self.workspace), ..self }
    }
}
