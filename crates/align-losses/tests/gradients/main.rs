//! The gradient of every loss and combination: against central differences in float64, and in closed form against LibTorch's
//! graph.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../common/mod.rs"]
mod common;

mod closed_forms;
mod functions;
mod pair_losses;

/// A derivative as it was found, and as differences have it.
fn assert_slope(what: &str, found: f64, slope: common::Slope) {
    let near = (found - slope.value).abs() <= 1e-6 * slope.value.abs() + slope.noise;
    assert!(near, "{what}: found {found}, differences give {slope:?}");
}
