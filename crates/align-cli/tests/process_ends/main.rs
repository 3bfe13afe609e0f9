//! How processes end: every command with a closed or a full standard output, on a disk that becomes full at any write, and under
//! each signal. What is finished is there, exit codes are those that `--help` lists, and nothing panics.
//!
//! `ALIGN_ENDS=20` takes twenty times as many signals and writes as the test of every day does.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod every_command;
mod full_disk;
mod preload;
mod signals;
mod standard_output;
#[path = "../support/mod.rs"]
mod support;

/// How many times as much as every day is tried.
fn effort() -> usize {
    std::env::var("ALIGN_ENDS").map_or(1, |times| times.parse().expect("ALIGN_ENDS is a number"))
}
