//! Training on several processes: what they write, resuming with another number of them, signals, launchers, and faults of processes and
//! of the network.
//!
//! `ALIGN_FAULTS=50` tests that many faults. ALIGN_TORCHRUN names torchrun if it is not on PATH.
#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod by_hand;
mod faults;
mod hosts;
mod launchers;
mod nproc_per_node;
mod ranks;
mod restarts;
mod signals;
#[path = "../support/mod.rs"]
mod support;
mod training;
