//! One step of a preference objective on the tiny GPT-2.

use align_data::EncodedPair;
use align_losses::LossType;
use align_models::{Gpt2, TrainableModel};
use align_train::objective::{Batch, BatchOutput, Split};
use align_train::{DpoConfig, Objective, ProcessGroup};
use std::path::PathBuf;
use tch::{Device, Kind, Tensor};

/// The output of a step, and the gradient of each weight.
pub type Step = (BatchOutput, Vec<(String, Tensor)>);

pub fn policy() -> Gpt2 {
    let dir = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden/data/models/gpt2-tiny");
    Gpt2::from_pretrained(&dir, Kind::Float, Device::Cpu).unwrap()
}

/// A pseudo-random generator of numbers below a bound.
pub fn draws(seed: u64) -> impl FnMut(u64) -> u64 {
    let mut state = seed;
    move |most| {
        // Knuth's MMIX generator. Its high bits are random enough for lengths and ids.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % most
    }
}

/// One config per loss, based on `base`.
pub fn each_loss(base: &DpoConfig) -> Vec<DpoConfig> {
    let of = |loss_type: LossType| {
        let label_smoothing = if loss_type == LossType::ExoPair { 0.1 } else { 0.0 };
        DpoConfig { loss_type: vec![loss_type], label_smoothing, ..base.clone() }
    };
    LossType::ALL.into_iter().map(of).collect()
}

/// Half of the gradient of a batch of all pairs.
pub fn step<O: Objective<Row = EncodedPair>>(mut objective: O, pairs: &[EncodedPair]) -> Step {
    objective.prepare(Split::Train, pairs, &ProcessGroup::single()).unwrap();
    let weights = objective.policy().parameters();
    weights.set_requires_grad(true);
    for (_, weight) in weights.iter() {
        (weight * 0.0).sum(Kind::Float).backward();
    }
    let indices: Vec<usize> = (0..pairs.len()).collect();
    let output =
        objective.compute_loss(&Batch::new(Split::Train, pairs, &indices, &ProcessGroup::single()), Some(0.5)).unwrap();
    let weights = objective.policy().parameters().iter();
    (output, weights.map(|(name, weight)| (name.to_owned(), weight.grad())).collect())
}
