use tch::Tensor;

/// The output projection of a language model: logits are `hidden · weightᵀ`, capped in a few models. A `&Tensor` is one without a cap.
#[derive(Debug, Clone, Copy)]
pub struct LinearHead<'a> {
    /// `(vocab, d)`.
    pub weight: &'a Tensor,
    /// Makes logits `x` into `cap · tanh(x / cap)`, as in Gemma 2.
    pub softcap: Option<f64>,
}

impl<'a> From<&'a Tensor> for LinearHead<'a> {
    fn from(weight: &'a Tensor) -> Self {
        Self { weight, softcap: None }
    }
}
