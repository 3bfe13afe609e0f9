use crate::Result;
use crate::layers::Weights;
use align_torch::{PackedActivation, PackedLinear};
use tch::Tensor;

/// The output projection: hidden states to scores of the vocabulary's tokens.
#[derive(Debug)]
pub struct Head {
    weight: Tensor,
    /// The same packed, in a copy for inference.
    packed: Option<PackedLinear>,
}

impl Head {
    /// The projection by `weight`, `(vocab_size, hidden_size)`, which may be the token embedding; packed if `w` is.
    #[must_use]
    pub fn new(w: &Weights, weight: Tensor) -> Self {
        let packed = w.pack(&weight, None);
        Self { weight, packed }
    }

    /// `(vocab_size, hidden_size)`.
    pub fn weight(&self) -> &Tensor {
        &self.weight
    }

    /// Whether it is packed, for inference alone.
    #[must_use]
    pub fn is_packed(&self) -> bool {
        self.packed.is_some()
    }

    /// Scores `(…, vocab_size)` behind hidden states `(…, hidden_size)`.
    ///
    /// # Errors
    /// Another width.
    pub fn logits(&self, hidden: &Tensor) -> Result<Tensor> {
        match &self.packed {
            Some(packed) => Ok(packed.forward(hidden, PackedActivation::Identity)?),
            None => Ok(hidden.f_linear(&self.weight, None::<&Tensor>)?),
        }
    }
}
