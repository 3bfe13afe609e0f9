//! Qwen 2 and 2.5: biases of the query, key and value projections; a sliding window in the upper blocks, if it is on.

use super::architecture::Architecture;
use super::fields::Fields;
use super::hyper_parameters::HyperParameters;
use super::layer_types::windows;
use super::rope::Ropes;
use super::validation::reject_biases;

pub(super) const QWEN2: Architecture = Architecture {
    model_type: "qwen2",
    class: "Qwen2ForCausalLM",
    tied: false,
    hyper_parameters: |fields, _| {
        reject_biases("qwen2", &[("mlp_bias", fields.mlp_bias)])?;
        let qwen = HyperParameters::new(fields, [None, Some(32)], qwen_windows(fields)?, Ropes::one(fields)?)?;
        Ok(HyperParameters { qkv_bias: true, ..qwen })
    },
};

/// The window of the blocks from `max_window_layers` on.
pub(super) fn qwen_windows(fields: &Fields) -> Result<Vec<Option<i64>>, String> {
    let window = fields.sliding_window.filter(|_| fields.use_sliding_window == Some(true));
    let first = fields.max_window_layers.unwrap_or(28);
    windows(fields, window, |block| block >= first)
}
