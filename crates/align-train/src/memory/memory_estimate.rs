use align_torch::format_bytes;
use std::fmt;

/// The estimated peak memory of a run in bytes, by purpose.
///
/// With `N` trained weights of `b` bytes each:
///
/// | field | bytes |
/// | --- | --- |
/// | `weights` | `b` per weight of the policy, including the base weights under an adapter |
/// | `reference` | `b` per weight of the reference model, except weights shared with the policy |
/// | `gradients` | `b N` |
/// | `moments` | `2 · 4 N` in float32 (`2 · 8 N` for float64); with `zero_stage` 1 divided by the number of processes |
/// | `master_weights` | `4 N` for 16-bit weights, else 0; divided in the same way |
/// | `activations` | activations and workspace of one pass over the largest micro-batch: [`TrainingMemory`](align_models::TrainingMemory) |
/// | `logits` | two chunks of tokens, or all tokens if they are few enough to be kept: [`LinearLogpsOptions`](align_losses::LinearLogpsOptions) |
///
/// The largest micro-batch has `per_device_train_batch_size` rows of the maximum length, or `micro_batch_tokens` tokens if that is less.
/// With prefix sharing, all rows are assumed to be like the longest row or like the row that shares the most tokens, whichever needs more
/// memory. A common beginning of different prompts is not considered: with it, a micro-batch can have more rows, and up to twice
/// `micro_batch_tokens` in the padded rows of attention. The estimate does not include LibTorch itself (about 200 MiB) and the rows.
/// Evaluations and checkpoints need less memory than training. Models without an implementation of `training_memory` count as having no
/// activations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemoryEstimate {
    /// The policy's weights.
    pub weights: u64,
    /// The weights of the reference model, if there is one.
    pub reference: u64,
    /// The gradients of the trained weights.
    pub gradients: u64,
    /// The optimiser's moments.
    pub moments: u64,
    /// The optimiser's float32 copies of 16-bit weights.
    pub master_weights: u64,
    /// The activations of the largest micro-batch in its backward pass.
    pub activations: u64,
    /// The logits over the vocabulary.
    pub logits: u64,
}

impl MemoryEstimate {
    /// The total.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.weights + self.reference + self.without_models()
    }

    /// The memory that a run needs in addition to its models.
    #[must_use]
    pub fn without_models(&self) -> u64 {
        self.gradients + self.moments + self.master_weights + self.activations + self.logits
    }
}

impl fmt::Display for MemoryEstimate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [
            ("gradients", self.gradients),
            ("the optimiser's moments", self.moments),
            ("float32 copies", self.master_weights),
            ("activations of the largest micro-batch", self.activations),
            ("logits", self.logits),
        ];
        let parts: Vec<String> = parts
            .iter()
            .filter(|(_, bytes)| *bytes > 0)
            .map(|(what, bytes)| format!("{} of {what}", format_bytes(*bytes)))
            .collect();
        write!(f, "{} in addition to the models ({})", format_bytes(self.without_models()), parts.join(", "))
    }
}
