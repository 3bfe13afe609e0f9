//! Fuzzing of all readers of external files.
//!
//! Each [`Reader`] reads a file in its own folder. It must return a value or an error for any bytes. Three requirements
//! are checked: it does not panic, its error message is short and has no control characters, and our own readers
//! allocate at most ten times the file's size (plus [`SLACK`]).
//!
//! There are two drivers: the program in this crate runs seeded mutations on stable Rust, and the libFuzzer targets in
//! `fuzz_targets/` are guided by coverage.

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
pub use mutate::mutate;
pub use readers::{READERS, Reader};

/// Counts the memory that the readers allocate. Memory of LibTorch is not included.
#[global_allocator]
static ALLOCATOR: peak_alloc::PeakAlloc = peak_alloc::PeakAlloc;
