/// Bytes that one pass of a model needs in training, its weights and their gradients apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrainingMemory {
    /// What the forward pass keeps for the backward pass.
    pub activations: u64,
    /// What the backward pass holds besides while it goes through one layer.
    pub workspace: u64,
    /// One token's scores over the vocabulary, in float32 or wider; 0 for a model that gives none.
    pub token_logits: u64,
}
