//! Losses without a golden value against a second implementation: the papers' formulas in plain float64, in `formulas`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../common/mod.rs"]
mod common;

mod batches;
mod formulas;
mod pairs;
mod reference_free;
mod single;
mod tokens;

const TOLERANCE: f64 = 1e-12;
