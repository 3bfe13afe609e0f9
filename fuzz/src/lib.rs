//! Mutated inputs for every reader of files that come from outside.
//!
//! A [`Reader`] is given a file of its own in a folder of its own, as a user would; whatever the bytes are, it must answer
//! with a value or an error. Three things are checked: it does not panic, its message is short and prints harmlessly, and the
//! readers of our own allocate at most ten times the file's size (and [`SLACK`]).
//!
//! Two drivers stand on this: the seeded loop of the binary `mutate`, for stable Rust, and the libFuzzer targets in
//! `fuzz_targets/`, which follow the code's branches.

mod corpus;
#[cfg(feature = "libfuzzer")]
mod fuzz;
mod harness;
mod mutate;
mod readers;

pub use corpus::seeds;
#[cfg(feature = "libfuzzer")]
pub use fuzz::fuzz;
pub use harness::{Harness, Outcome, SLACK};
pub use mutate::mutated;
pub use readers::{READERS, Reader};

/// Counts what the readers allocate; LibTorch's own memory is not seen by it.
#[global_allocator]
static ALLOCATOR: peak_alloc::PeakAlloc = peak_alloc::PeakAlloc;
