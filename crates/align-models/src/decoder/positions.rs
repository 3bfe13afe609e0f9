use super::Rotary;
use tch::Tensor;

/// The position embeddings of a decoder.
#[derive(Debug)]
pub enum Positions {
    /// A learned embedding for each position, `(max_position_embeddings, hidden_size)`, added to the token embeddings.
    Learned(Tensor),
    /// Rotary embeddings of queries and keys.
    Rotary(Rotary),
}
