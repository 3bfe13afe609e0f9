//! The estimated memory of a run, which is checked before it starts.

mod check;
mod estimation;
mod memory_estimate;

pub use align_torch::available_memory;
pub(crate) use check::check_memory;
pub use memory_estimate::MemoryEstimate;
