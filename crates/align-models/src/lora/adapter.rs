use super::layer::LoraLayer;
use super::target::{Target, matrix_names};
use crate::Parameters;
use tch::Tensor;

/// The matrices of an adapter with their scaling. The layers of a model look up their matrices here by name.
#[derive(Debug, Clone, Copy)]
pub struct Adapter<'a> {
    pub(crate) targets: &'a [Target],
    pub(crate) parameters: &'a Parameters,
    pub(crate) dropout: f64,
}

impl Adapter<'_> {
    /// The matrices of the layer with this name, if it has any.
    pub(crate) fn layer(&self, name: &str) -> Option<LoraLayer> {
        let target = self.targets.iter().find(|target| target.layer.name == name)?;
        let [a, b] = matrix_names(name);
        let matrix = |name: String| self.parameters.get(&name).map(Tensor::shallow_clone);
        let (scaling, transposed) = (target.scaling, target.layer.transposed);
        Some(LoraLayer { a: matrix(a)?, b: matrix(b)?, scaling, dropout: self.dropout, transposed })
    }
}
