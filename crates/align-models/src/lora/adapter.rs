use super::layer::LoraLayer;
use super::targets::{Target, matrix_names};
use crate::Parameters;
use tch::Tensor;

/// An adapter's matrices and what they count for: where a model's layers find theirs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Adapter<'a> {
    pub targets: &'a [Target],
    pub parameters: &'a Parameters,
    pub dropout: f64,
}

impl Adapter<'_> {
    /// The matrices beside the layer of that name, if it is adapted.
    pub fn layer(&self, name: &str) -> Option<LoraLayer> {
        let target = self.targets.iter().find(|target| target.name == name)?;
        let [a, b] = matrix_names(name);
        let matrix = |name: String| self.parameters.get(&name).map(Tensor::shallow_clone);
        Some(LoraLayer { a: matrix(a)?, b: matrix(b)?, scaling: target.scaling, dropout: self.dropout })
    }
}
