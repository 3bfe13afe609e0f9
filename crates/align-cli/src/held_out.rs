//! The prompts that are used for evaluation only.

/// Whether the prompt with this index is held out of the training pairs. Every fifth one is.
pub fn is_held_out(index: usize) -> bool {
    index % 5 == 4
}
