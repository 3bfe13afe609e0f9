use super::Rotary;
use tch::Tensor;

/// How a decoder knows where a token stands.
#[derive(Debug)]
pub enum Positions {
    /// A learned embedding for each position, `(max_position_embeddings, hidden_size)`, added to the tokens'.
    Learned(Tensor),
    /// Queries and keys are rotated by angles that grow with the position.
    Rotary(Rotary),
}
