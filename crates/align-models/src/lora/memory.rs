use super::targets::matrix_names;
use crate::adaptable::LinearLayer;
use crate::{CausalLm, LoraModel, TrainableModel, TrainingMemory};
use std::collections::BTreeMap;

impl LoraModel {
    /// What a pass over `sequences` sequences of `length` tokens needs in training, at most: that of the base model, less the inputs
    /// of frozen layers, which only the gradient of their weights would need, and with what the adapter keeps of each token: `r`
    /// numbers a layer, its input where it is of another dtype, and with dropout the dropped input and its mask. Under gradient
    /// checkpointing that is of one block, the one that keeps most.
    pub(super) fn training_memory_of(&self, sequences: u64, length: u64) -> Option<TrainingMemory> {
        let pass = self.model.training_memory(sequences, length)?;
        let mut blocks = BTreeMap::new();
        for layer in self.model.adaptable()?.linear_layers() {
            *blocks.entry(layer.block).or_insert(0_i64) += self.surplus(&layer);
        }
        let surplus = match self.gradient_checkpointing {
            true => blocks.into_values().max().unwrap_or(0),
            false => blocks.into_values().sum(),
        };
        let surplus = surplus.saturating_mul(i64::try_from(sequences * length).ok()?);
        Some(TrainingMemory { activations: pass.activations.saturating_add_signed(surplus), ..pass })
    }

    /// How many bytes more, or fewer, the layer keeps of a token than one whose own weight is trained.
    fn surplus(&self, layer: &LinearLayer) -> i64 {
        let [a, _] = matrix_names(&layer.name);
        let bytes = |kind: tch::Kind| kind.elt_size_in_bytes() as i64;
        let r = self.targets.iter().find(|target| target.layer.name == layer.name).map_or(0, |target| target.r);
        let weight = format!("{}.weight", layer.name);
        match self.adapter.get(&a).map(tch::Tensor::kind) {
            Some(kind) => {
                let cast = if kind == self.model.kind() { 0 } else { layer.inputs };
                let dropped = if self.config.lora_dropout > 0.0 { 2 * layer.inputs } else { 0 };
                bytes(kind) * (r + cast + dropped)
            }
            None if layer.input_is_kept => 0,
            // A weight that is trained whole needs its input.
            None if self.frozen.get(&weight).is_none() => 0,
            None => -bytes(self.model.kind()) * layer.inputs,
        }
    }
}
