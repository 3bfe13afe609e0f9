use super::targets::{linear_layers, matrix_names};
use crate::{CausalLm, LoraGpt2, TrainingMemory};

impl LoraGpt2 {
    /// What a pass over `sequences` sequences of `length` tokens needs in training, at most: that of the base model, less the inputs
    /// of frozen layers, which only the gradient of their weights would need, and with what the adapter keeps of each token: `r`
    /// numbers a layer, its input where it is of another dtype, and with dropout the dropped input and its mask.
    pub(super) fn training_memory_of(&self, sequences: u64, length: u64) -> Option<TrainingMemory> {
        let pass = self.model.training_memory(sequences, length)?;
        let (config, tokens) = (self.model.config(), sequences * length);
        let number = |x: i64| u64::try_from(x).unwrap_or(0);
        let bytes = self.model.kind().elt_size_in_bytes() as u64;
        let (mut kept, mut saved) = (0, 0);
        for layer in linear_layers(config) {
            let [a, _] = matrix_names(&layer.name);
            let inputs = number(layer.inputs);
            match self.adapter.get(&a).map(tch::Tensor::kind) {
                Some(kind) => {
                    let wide = kind.elt_size_in_bytes() as u64;
                    let cast = if kind == self.model.kind() { 0 } else { inputs };
                    let dropped = if self.config.lora_dropout > 0.0 { 2 * inputs } else { 0 };
                    kept += wide * (number(self.config.r) + cast + dropped);
                }
                // Attention keeps what it gives, whoever reads it.
                None if layer.name.ends_with("attn.c_proj") => {}
                None => saved += bytes * inputs,
            }
        }
        Some(TrainingMemory { activations: (pass.activations + tokens * kept).saturating_sub(tokens * saved), ..pass })
    }
}
