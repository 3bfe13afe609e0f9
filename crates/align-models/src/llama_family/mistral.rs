//! Mistral: all blocks have a sliding window, unless it is null.

use super::architecture::Architecture;
use super::hyper_parameters::HyperParameters;
use super::layer_types::windows;
use super::rope::Ropes;
use super::validation::reject_biases;

pub(super) const MISTRAL: Architecture = Architecture {
    model_type: "mistral",
    class: "MistralForCausalLM",
    tied: false,
    hyper_parameters: |fields, _| {
        reject_biases("mistral", &[("attention_bias", fields.attention_bias), ("mlp_bias", fields.mlp_bias)])?;
        let windows = windows(fields, fields.sliding_window, |_| true)?;
        HyperParameters::new(fields, [None, Some(8)], windows, Ropes::one(fields)?)
    },
};
