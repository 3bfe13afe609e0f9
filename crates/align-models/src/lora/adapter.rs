use super::layer::LoraLayer;
use super::targets::matrix_names;
use crate::{LoraConfig, Parameters};
use tch::Tensor;

/// An adapter's matrices and what they count for: where a model's layers find theirs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Adapter<'a> {
    pub config: &'a LoraConfig,
    pub parameters: &'a Parameters,
}

impl Adapter<'_> {
    /// The matrices beside the layer of that name, if it is adapted.
    pub fn layer(&self, name: &str) -> Option<LoraLayer> {
        let [a, b] = matrix_names(name);
        let matrix = |name: String| self.parameters.get(&name).map(Tensor::shallow_clone);
        Some(LoraLayer {
            a: matrix(a)?,
            b: matrix(b)?,
            scaling: self.config.scaling(),
            dropout: self.config.lora_dropout,
        })
    }
}
