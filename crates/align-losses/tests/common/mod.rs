//! What several tests share: drawn batches, every combination of options, derivatives without a graph, comparisons.
#![allow(dead_code, unused_imports)] // Each test binary uses a part of it.

pub mod combinations;
mod differences;
mod drawn;
pub mod own;

pub use differences::{Slope, differences};
pub use drawn::{Drawn, ROWS};

use align_losses::Pair;
use tch::{Kind, Tensor};

pub fn values(x: &Tensor) -> Vec<f64> {
    Vec::try_from(x.to_kind(Kind::Double)).unwrap()
}

pub fn tensors(sides: &Pair<Vec<f64>>) -> Pair<Tensor> {
    sides.as_ref().map(|side| Tensor::from_slice(side))
}

/// One pair, in float64.
pub fn one(chosen: f64, rejected: f64) -> Pair<Tensor> {
    Pair { chosen, rejected }.map(|x| Tensor::from_slice(&[x]))
}

/// Numbers that agree to a relative `tolerance`, or near 0 to that as it is.
pub fn assert_near(what: &str, found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
        let near = (found - expected).abs() <= tolerance * (1.0 + expected.abs());
        assert!(near, "{what}, number {i}: found {found}, expected {expected}");
    }
}
