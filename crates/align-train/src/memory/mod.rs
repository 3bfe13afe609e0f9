//! What a run will need, before it begins.

mod estimate;

pub use align_torch::available_memory;
pub use estimate::MemoryEstimate;
