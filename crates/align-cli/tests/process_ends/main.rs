//! How processes end: every command with a closed or a full standard output, with a disk that becomes full at any write, and with each
//! signal. Finished outputs are complete, exit codes are those that `--help` lists, and nothing panics.
//!
//! `ALIGN_ENDS=20` tests twenty times as many signals and failed writes as the default.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod every_command;
mod full_disk;
mod preload;
mod signals;
mod standard_output;
#[path = "../support/mod.rs"]
mod support;

/// The factor by which `ALIGN_ENDS` increases the number of signals and failed writes.
fn effort() -> usize {
    std::env::var("ALIGN_ENDS").map_or(1, |times| times.parse().expect("ALIGN_ENDS is a number"))
}
