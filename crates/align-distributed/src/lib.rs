//! Process groups on LibTorch's c10d with Gloo, for processes that train one model together on CPUs.
//!
//! [`Launch`] reads what torchrun, mpirun or srun say about a process. [`ProcessGroup`] connects the processes and has the collective
//! operations. [`LocalLauncher`] starts processes on this machine.
//!
//! ```
//! use align_distributed::{GroupOptions, Launch, ProcessGroup, ReduceOp};
//! use tch::Tensor;
//!
//! // One process here. `torchrun --no-python --nproc-per-node 2 PROGRAM` starts two, and the mean is then over both.
//! let group = ProcessGroup::connect(&Launch::from_environment()?, GroupOptions::default())?;
//! let mut gradient = Tensor::from_slice(&[0.5f32, -1.0]);
//! group.all_reduce(&mut gradient, ReduceOp::Mean)?;
//! if group.rank() == 0 {
//!     println!("{gradient}");
//! }
//! # Ok::<(), align_distributed::Error>(())
//! ```
//!
//! # Errors
//!
//! Each operation has a time limit ([`GroupOptions`]). If a rank ends, hangs or is cut off, the other ranks get an [`Error`] that says which
//! rank waited in which operation for how long, and which ranks have shown no sign of life or have not come to the operation
//! ([`Diagnosis`]). A rank that calls another operation, or has a tensor of another shape or type, is an error on all ranks.
//!
//! # Security
//!
//! c10d sends everything unencrypted and accepts any connection, so it is for trusted networks only. Nothing here listens on all
//! interfaces: the store listens on the address of MASTER_ADDR, and each process on its address in that network.

// Calls C++ functions, and sets up the child processes of the launcher.
#![allow(unsafe_code)]

mod call;
mod deadline;
mod diagnosis;
mod error;
mod gloo;
mod launch;
mod local_launcher;
mod monitor;
mod process_group;
mod rendezvous;
mod store;
mod wording;
mod worker;

pub use call::ReduceOp;
pub use diagnosis::Diagnosis;
pub use error::{Error, Result};
pub use launch::{Launch, LaunchError, StoreHolder};
pub use local_launcher::{End, LocalLauncher, LocalProcesses, OutputLine, RankFailure, Stream};
pub use process_group::{GroupOptions, ProcessGroup, Work, share_of};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
