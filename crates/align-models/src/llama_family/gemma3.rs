//! Gemma 3, the text models: Gemma 2 with norms of queries and keys instead of caps, and a rotary embedding of its own in blocks with a
//! sliding window, which are five of six.

use super::architecture::Architecture;
use super::gemma2::gemma;
use super::hyper_parameters::HyperParameters;
use super::layer_types::windows;
use super::rope::Ropes;

/// Default bases in blocks with full attention and with a sliding window.
const THETAS: [f64; 2] = [1_000_000.0, 10_000.0];

pub(super) const GEMMA3: Architecture = Architecture {
    model_type: "gemma3_text",
    class: "Gemma3ForCausalLM",
    tied: true,
    hyper_parameters: |fields, _| {
        let pattern = fields.sliding_window_pattern.unwrap_or(6);
        if pattern < 1 {
            return Err(format!("sliding_window_pattern is {pattern}, expected at least 1"));
        }
        let windows = windows(fields, fields.sliding_window, |block| (block + 1) % pattern != 0)?;
        let gemma = gemma(fields, windows, Ropes::by_layer_type(fields, THETAS)?)?;
        Ok(HyperParameters { qk_norms: true, ..gemma })
    },
};
