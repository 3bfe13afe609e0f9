use crate::Result;
use crate::layers::Weights;
use align_torch::{PackedActivation, PackedLinear};
use tch::Tensor;

/// The output projection from hidden states to logits.
#[derive(Debug)]
pub struct Head {
    weight: Tensor,
    /// The packed weight, in a copy for inference.
    packed: Option<PackedLinear>,
    softcap: Option<f64>,
}

impl Head {
    /// Creates the projection with `weight`, `(vocab_size, hidden_size)`, which may be the token embedding. It is packed if `w` is.
    #[must_use]
    pub fn new(w: &Weights, weight: Tensor) -> Self {
        let packed = w.pack(&weight, None);
        Self { weight, packed, softcap: None }
    }

    /// Makes logits `x` into `cap · tanh(x / cap)`, as in Gemma 2.
    #[must_use]
    pub fn with_softcap(self, softcap: Option<f64>) -> Self {
        Self { softcap, ..self }
    }

    /// The cap of the logits.
    #[must_use]
    pub fn softcap(&self) -> Option<f64> {
        self.softcap
    }

    /// `(vocab_size, hidden_size)`.
    pub fn weight(&self) -> &Tensor {
        &self.weight
    }

    /// Whether it is packed for inference.
    #[must_use]
    pub fn is_packed(&self) -> bool {
        self.packed.is_some()
    }

    /// Logits `(…, vocab_size)` of hidden states `(…, hidden_size)`.
    ///
    /// # Errors
    /// The input has another width.
    pub fn logits(&self, hidden: &Tensor) -> Result<Tensor> {
        let logits = match &self.packed {
            Some(packed) => packed.forward(hidden, PackedActivation::Identity)?,
            None => hidden.f_linear(&self.weight, None::<&Tensor>)?,
        };
        match self.softcap {
            Some(cap) => Ok(logits.f_div_scalar(cap)?.f_tanh()?.f_mul_scalar(cap)?),
            None => Ok(logits),
        }
    }
}
