//! Training on several processes beside training on one: the same losses, gradients, evaluations and weights to rounding.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod checkpoints;
mod models;
mod objectives;
mod processes;
mod rows;
