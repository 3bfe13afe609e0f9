//! What a run will need, before it begins.

mod estimate;
mod memory_estimate;

pub use align_torch::available_memory;
pub use memory_estimate::MemoryEstimate;
