//! Llama 1 to 3.3, and models of its architecture, such as SmolLM2 and TinyLlama.

use super::architecture::Architecture;
use super::hyper_parameters::HyperParameters;
use super::layer_types::windows;
use super::rope::Ropes;

pub(super) const LLAMA: Architecture = Architecture {
    model_type: "llama",
    class: "LlamaForCausalLM",
    tied: false,
    hyper_parameters: |fields, _| {
        let windows = windows(fields, None, |_| false)?;
        let mlp_bias = fields.mlp_bias.unwrap_or(false);
        let llama = HyperParameters::new(fields, [None; 2], windows, Ropes::one(fields)?)?;
        Ok(HyperParameters { mlp_bias, ..llama.with_attention_bias(fields) })
    },
};
