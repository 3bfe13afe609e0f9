use super::target::matrix_names;
use crate::linear_layer_info::LinearLayerInfo;
use crate::{CausalLm, LoraModel, TrainableModel, TrainingMemory};
use std::collections::BTreeMap;
use tch::Tensor;

impl LoraModel {
    /// Upper bound of the memory for a training step on `sequences` sequences of `length` tokens.
    ///
    /// It is that of the base model, without the inputs of frozen layers, which only the gradients of their weights would need, and with
    /// the activations that the adapter saves per token: `r` numbers per layer, the converted input if the dtypes differ, and with dropout
    /// the input after dropout and the mask. Under gradient checkpointing only the block with the most activations counts.
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

    /// Whether the input of the layer is saved: for another operation, for the adapter, or because the layer's own weight is trained.
    fn saves_input(&self, layer: &LinearLayerInfo) -> bool {
        let [a, _] = matrix_names(&layer.name);
        let trained = self.frozen.get(&format!("{}.weight", layer.name)).is_none();
        layer.input_is_saved || trained || self.adapter.get(&a).is_some()
    }

    /// Bytes per token that the adapter of the layer saves, not counting the layer's input.
    fn saved_by_adapter(&self, layer: &LinearLayerInfo) -> i64 {
        let [a, _] = matrix_names(&layer.name);
        let Some(kind) = self.adapter.get(&a).map(Tensor::kind) else { return 0 };
        let r = self.targets.iter().find(|target| target.layer.name == layer.name).map_or(0, |target| target.r);
        let cast = if kind == self.model.kind() { 0 } else { layer.inputs };
        let dropped = if self.config.lora_dropout > 0.0 { 2 * layer.inputs } else { 0 };
        kind.elt_size_in_bytes() as i64 * (r + cast + dropped)
    }
}
