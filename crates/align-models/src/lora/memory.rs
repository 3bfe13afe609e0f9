use super::target::matrix_names;
use crate::linear_layer_info::LinearLayerInfo;
use crate::{CausalLm, LoraModel, TrainableModel, TrainingMemory};
use std::collections::BTreeMap;
use tch::Tensor;

impl LoraModel {
    /// What a pass over `sequences` sequences of `length` tokens needs in training, at most: that of the base model, less the inputs
    /// of frozen layers, which only the gradient of their weights would need, and with what the adapter keeps of each token: `r`
    /// numbers a layer, its input where it is of another dtype, and with dropout the dropped input and its mask. Under gradient
    /// checkpointing that is of one block, the one that keeps most.
    pub(super) fn training_memory_of(&self, sequences: u64, length: u64) -> Option<TrainingMemory> {
        let pass = self.model.training_memory(sequences, length)?;
        let layers = self.model.adaptable()?.linear_layers();
        let mut blocks = BTreeMap::new();
        for of_one_input in layers.chunk_by(|_, next| next.shares_input) {
            let Some(first) = of_one_input.first() else { continue };
            let kept = of_one_input.iter().any(|layer| self.saves_input(layer));
            let input = if kept { 0 } else { self.model.kind().elt_size_in_bytes() as i64 * first.inputs };
            let adapters = of_one_input.iter().map(|layer| self.saved_by_adapter(layer)).sum::<i64>();
            *blocks.entry(first.block).or_insert(0_i64) += adapters - input;
        }
        let surplus = match self.gradient_checkpointing {
            true => blocks.into_values().max().unwrap_or(0),
            false => blocks.into_values().sum(),
        };
        let surplus = surplus.saturating_mul(i64::try_from(sequences * length).ok()?);
        Some(TrainingMemory { activations: pass.activations.saturating_add_signed(surplus), ..pass })
    }

    /// Whether the layer's input is kept, as it is where the layer's own weight is trained.
    fn saves_input(&self, layer: &LinearLayerInfo) -> bool {
        let [a, _] = matrix_names(&layer.name);
        let trained = self.frozen.get(&format!("{}.weight", layer.name)).is_none();
        layer.input_is_saved || trained || self.adapter.get(&a).is_some()
    }

    /// How many bytes of a token an adapter beside the layer keeps besides the layer's input.
    fn saved_by_adapter(&self, layer: &LinearLayerInfo) -> i64 {
        let [a, _] = matrix_names(&layer.name);
        let Some(kind) = self.adapter.get(&a).map(Tensor::kind) else { return 0 };
        let r = self.targets.iter().find(|target| target.layer.name == layer.name).map_or(0, |target| target.r);
        let cast = if kind == self.model.kind() { 0 } else { layer.inputs };
        let dropped = if self.config.lora_dropout > 0.0 { 2 * layer.inputs } else { 0 };
        kind.elt_size_in_bytes() as i64 * (r + cast + dropped)
    }
}
