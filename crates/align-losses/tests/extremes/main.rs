//! Losses and gradients at log-ratios as large as they get: finite, and exact where a clamp acts.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../common/mod.rs"]
mod common;

mod clamps;
mod functions;
mod pair_losses;
mod scores;

use align_losses::Pair;
use tch::Tensor;

/// All pairs of these numbers, in float32.
fn all_pairs(of: &[f32]) -> Pair<Tensor> {
    let all = |side: fn((f32, f32)) -> f32| {
        let pairs = of.iter().flat_map(|c| of.iter().map(move |r| (*c, *r)));
        Tensor::from_slice(&pairs.map(side).collect::<Vec<_>>())
    };
    Pair { chosen: all(|(c, _)| c), rejected: all(|(_, r)| r) }
}

fn assert_finite(what: &str, x: &Tensor) {
    let values = common::values(x);
    let bad: Vec<_> = values.iter().filter(|x| !x.is_finite()).collect();
    assert!(bad.is_empty(), "{what}: {} of {} numbers are {:?} …", bad.len(), values.len(), bad[0]);
}
