use crate::checkpoint::TensorSpec;
use crate::linear_layer_info::LinearLayerInfo;

/// A linear layer that gets an adapter.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub layer: LinearLayerInfo,
    /// Its index among all linear layers of the model, with or without adapter.
    pub layer_index: u64,
    pub r: i64,
    pub scaling: f64,
}

impl Target {
    /// Names and shapes of its two matrices, `A` and `B`, under PEFT's names.
    pub fn matrices(&self) -> [TensorSpec; 2] {
        let [a, b] = matrix_names(&self.layer.name);
        [TensorSpec::new(a, [self.r, self.layer.inputs]), TensorSpec::new(b, [self.layer.outputs, self.r])]
    }
}

/// The names of a layer's `A` and `B` in PEFT.
pub(super) fn matrix_names(layer: &str) -> [String; 2] {
    ["A", "B"].map(|matrix| format!("base_model.model.{layer}.lora_{matrix}.weight"))
}
