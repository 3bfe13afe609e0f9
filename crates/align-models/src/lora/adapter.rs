use super::layer::LoraLayer;
use super::target::{Target, matrix_names};
use crate::Parameters;
use tch::Tensor;

/// An adapter's matrices and what they count for: where a model's layers find theirs.
#[derive(Debug, Clone, Copy)]
pub struct Adapter<'a> {
    pub(crate) targets: &'a [Target],
    pub(crate) parameters: &'a Parameters,
    pub(crate) dropout: f64,
}

impl Adapter<'_> {
    /// The matrices beside the layer of that name, if it is adapted.
    pub(crate) fn layer(&self, name: &str) -> Option<LoraLayer> {
        let target = self.targets.iter().find(|target| target.layer.name == name)?;
        let [a, b] = matrix_names(name);
        let matrix = |name: String| self.parameters.get(&name).map(Tensor::shallow_clone);
        let (scaling, transposed) = (target.scaling, target.layer.transposed);
        Some(LoraLayer { a: matrix(a)?, b: matrix(b)?, scaling, dropout: self.dropout, transposed })
    }
}
