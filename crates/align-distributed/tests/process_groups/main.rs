//! Process groups of several processes: this test program starts itself as each of them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod child;
mod collectives;
mod failures;
mod launcher;
mod rendezvous;
mod scenarios;
mod support;
mod torchrun;
