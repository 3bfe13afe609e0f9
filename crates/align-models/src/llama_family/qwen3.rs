//! Qwen 3: norms of queries and keys.

use super::architecture::Architecture;
use super::hyper_parameters::HyperParameters;
use super::qwen2::qwen_windows;
use super::rope::Ropes;
use super::validation::reject_biases;

pub(super) const QWEN3: Architecture = Architecture {
    model_type: "qwen3",
    class: "Qwen3ForCausalLM",
    tied: false,
    hyper_parameters: |fields, _| {
        reject_biases("qwen3", &[("mlp_bias", fields.mlp_bias)])?;
        let sizes = [Some(128), Some(32)];
        let qwen = HyperParameters::new(fields, sizes, qwen_windows(fields)?, Ropes::one(fields)?)?;
        Ok(HyperParameters { qk_norms: true, ..qwen.with_attention_bias(fields) })
    },
};
