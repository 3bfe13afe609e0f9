//! A batch taken in parts has the gradient, the loss and the metrics of the whole, for every loss.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use align_data::EncodedPair;
use align_losses::LossType;
use align_models::{CausalLm, Gpt2};
use align_train::objective::{Batch, BatchOutcome, Dpo, Split};
use align_train::{DpoConfig, FDivergenceType, Objective, TrainingConfig};
use std::path::PathBuf;
use tch::{Device, Kind, Tensor};

fn policy() -> Gpt2 {
    let dir = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/data/models/gpt2-tiny");
    Gpt2::from_pretrained(&dir, Kind::Float, Device::Cpu).unwrap()
}

/// The same with its weights moved a little, so that log-ratios are not 0.
fn reference() -> Gpt2 {
    let model = policy();
    tch::manual_seed(5);
    for (_, weight) in model.parameters().iter() {
        let _ = weight.shallow_clone().g_add_(&(weight.randn_like() * 0.02));
    }
    model
}

/// Two to eight pairs of random lengths.
fn pairs(seed: u64) -> Vec<EncodedPair> {
    let mut state = seed;
    let mut below = |most: u64| {
        // Knuth's MMIX generator; its high bits are good enough for lengths and ids.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % most
    };
    let count = 2 + below(7) as usize;
    (0..count)
        .map(|row| {
            let mut ids = |most: u64| -> Vec<i64> {
                let length = 1 + below(most);
                (0..length).map(|_| below(500) as i64).collect()
            };
            EncodedPair { prompt_ids: ids(6), chosen_ids: ids(25), rejected_ids: ids(25), row }
        })
        .collect()
}

/// A step's outcome and the gradient of each weight.
fn step(pairs: &[EncodedPair], config: DpoConfig) -> (BatchOutcome, Vec<(String, Tensor)>) {
    let mut dpo = Dpo::new(policy(), Some(reference()), config).unwrap();
    dpo.prepare(Split::Train, pairs).unwrap();
    let weights = dpo.policy().parameters();
    weights.set_requires_grad(true);
    for (_, weight) in weights.iter() {
        (weight * 0.0).sum(Kind::Float).backward();
    }
    let indices: Vec<usize> = (0..pairs.len()).collect();
    let outcome = dpo.batch(&Batch { split: Split::Train, all: pairs, indices: &indices }, Some(0.5)).unwrap();
    let gradients = dpo.policy().parameters().iter().map(|(name, weight)| (name.to_owned(), weight.grad())).collect();
    (outcome, gradients)
}

fn configs() -> Vec<DpoConfig> {
    let training = TrainingConfig { disable_dropout: true, ..TrainingConfig::default() };
    let base = DpoConfig { training, ..DpoConfig::default() };
    let of = |loss_type: LossType| {
        let label_smoothing = if loss_type == LossType::ExoPair { 0.1 } else { 0.0 };
        DpoConfig { loss_type: vec![loss_type], label_smoothing, ..base.clone() }
    };
    let mut all: Vec<DpoConfig> = LossType::ALL.into_iter().map(of).collect();
    all.extend([
        DpoConfig { ld_alpha: Some(0.3), ..base.clone() },
        DpoConfig { use_weighting: true, ..base.clone() },
        DpoConfig { f_divergence_type: FDivergenceType::JsDivergence, ..base.clone() },
        DpoConfig { beta_dpo_alpha: Some(0.6), ..base.clone() },
        DpoConfig { loss_type: vec![LossType::Sigmoid, LossType::Hinge], ..base.clone() },
        DpoConfig { loss_type: vec![LossType::Sigmoid, LossType::Sft], ..base },
    ]);
    all
}

#[test]
fn parts_have_the_gradient_of_the_whole() {
    for (number, config) in configs().into_iter().enumerate() {
        let pairs = pairs(number as u64);
        let (whole, expected) = step(&pairs, DpoConfig { micro_batch_tokens: 1 << 20, ..config.clone() });
        let size = expected.iter().map(|(_, g)| g.abs().max().double_value(&[])).fold(0.0, f64::max);
        assert!(size > 1e-6, "{:?}", config.loss_type);
        for micro_batch_tokens in [1, 70, 130] {
            let what = format!("{:?} {micro_batch_tokens}", config.loss_type);
            let (parts, found) = step(&pairs, DpoConfig { micro_batch_tokens, ..config.clone() });
            assert!((parts.loss - whole.loss).abs() < 1e-5 * whole.loss.abs().max(1.0), "{what}");
            assert_eq!(parts.tokens, whole.tokens);
            for (name, value) in whole.metrics.iter() {
                let close = (parts.metrics.get(name).unwrap() - value).abs() < 2e-4 * value.abs().max(1.0);
                assert!(close, "{what} {name} {value} {:?}", parts.metrics.get(name));
            }
            for ((name, expected), (_, found)) in expected.iter().zip(&found) {
                let apart = (expected - found).abs().max().double_value(&[]);
                assert!(apart <= 1e-5 * size.max(1.0), "{what} {name}: {apart} of {size}");
            }
        }
    }
}

#[test]
fn a_coupled_loss_with_dropout_is_not_taken_apart() {
    let training = TrainingConfig { disable_dropout: false, ..TrainingConfig::default() };
    let config = DpoConfig { loss_type: vec![LossType::Aot], micro_batch_tokens: 1, training, ..DpoConfig::default() };
    let rows = pairs(1);
    let mut dpo = Dpo::new(policy(), None, config).unwrap();
    dpo.prepare(Split::Train, &rows).unwrap();
    let indices: Vec<usize> = (0..rows.len()).collect();
    let problem = dpo.batch(&Batch { split: Split::Train, all: &rows, indices: &indices }, Some(1.0)).unwrap_err();
    assert!(problem.to_string().contains("micro_batch_tokens") && problem.to_string().contains("dropout"), "{problem}");
}
