use align_torch::format_bytes;
use std::fmt;

/// Bytes that a run on texts holds at its peak, by what they are for.
///
/// With `N` trained weights of `b` bytes each:
///
/// | field | bytes |
/// | --- | --- |
/// | `weights` | `b` a weight of the policy, those under an adapter included |
/// | `reference` | `b` a weight of the reference, those apart that it shares with the policy |
/// | `gradients` | `b N` |
/// | `moments` | `2 · 4 N` in float32 (`2 · 8 N` for float64) |
/// | `masters` | `4 N` for weights of 16 bits, else 0 |
/// | `activations` | what one pass over the largest micro-batch keeps and works with: [`TrainingMemory`](align_models::TrainingMemory) |
/// | `logits` | of a chunk of tokens twice, or of all where they are few enough to be kept: [`LinearLogpsOptions`](align_losses::LinearLogpsOptions) |
///
/// The largest micro-batch is `per_device_train_batch_size` rows as long as the longest, or the `micro_batch_tokens` that an
/// objective takes at once, if these are less; where sequences share what they have in common, rows are as the longest or as the one
/// that shares most, whichever needs more. Not counted are LibTorch itself (some 200 MiB), the rows, and what an evaluation or a
/// checkpoint need, which is less. Models that do not say what a pass needs count as if it needed nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemoryEstimate {
    /// The policy.
    pub weights: u64,
    /// The reference, if there is one.
    pub reference: u64,
    /// Of the policy's trained weights.
    pub gradients: u64,
    /// The optimiser's running means.
    pub moments: u64,
    /// The optimiser's float32 copies of weights of lower precision.
    pub masters: u64,
    /// Of the largest micro-batch, in its backward pass.
    pub activations: u64,
    /// Scores over the vocabulary.
    pub logits: u64,
}

impl MemoryEstimate {
    /// All of it.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.weights + self.reference + self.beside_models()
    }

    /// What a run takes once its models are loaded.
    #[must_use]
    pub fn beside_models(&self) -> u64 {
        self.gradients + self.moments + self.masters + self.activations + self.logits
    }
}

impl fmt::Display for MemoryEstimate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [
            ("gradients", self.gradients),
            ("the optimiser's moments", self.moments),
            ("float32 copies", self.masters),
            ("activations of the largest micro-batch", self.activations),
            ("scores over the vocabulary", self.logits),
        ];
        let parts: Vec<String> = parts
            .iter()
            .filter(|(_, bytes)| *bytes > 0)
            .map(|(what, bytes)| format!("{} of {what}", format_bytes(*bytes)))
            .collect();
        write!(f, "{} beside the models ({})", format_bytes(self.beside_models()), parts.join(", "))
    }
}
