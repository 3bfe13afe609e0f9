//! For every loss, a batch that is split into micro-batches has the same gradient, loss and metrics as the whole batch.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/preference_step.rs"]
mod preference_step;

use align_data::{EncodedPair, PairNumbers};
use align_losses::LossType;
use align_models::{Gpt2, TrainableModel};
use align_train::objective::{Batch, Dpo, Split};
use align_train::{DpoConfig, FDivergenceType, Objective, ProcessGroup, TrainingConfig};
use preference_step::{draws, each_loss, policy, step};

/// The policy's model with slightly changed weights, so that log-ratios are not 0.
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
    let mut below = draws(seed);
    let count = 2 + below(7) as usize;
    (0..count)
        .map(|row| {
            let mut ids = |most: u64| -> Vec<i64> {
                let length = 1 + below(most);
                (0..length).map(|_| below(500) as i64).collect()
            };
            let (prompt_ids, chosen_ids, rejected_ids) = (ids(6), ids(25), ids(25));
            let mut number = || (1 + below(100)) as f64 / 100.0;
            let numbers = PairNumbers {
                chosen_probability: Some(number()),
                margin: Some(4.0 * number()),
                weight: Some(2.0 * number()),
            };
            EncodedPair { prompt_ids, chosen_ids, rejected_ids, row, numbers }
        })
        .collect()
}

fn configs() -> Vec<DpoConfig> {
    let training = TrainingConfig { disable_dropout: true, ..TrainingConfig::default() };
    let base = DpoConfig { training, ..DpoConfig::default() };
    let mut all = each_loss(&base);
    all.extend([
        DpoConfig { ld_alpha: Some(0.3), ..base.clone() },
        DpoConfig { use_weighting: true, ..base.clone() },
        DpoConfig { f_divergence_type: FDivergenceType::JsDivergence, ..base.clone() },
        DpoConfig { beta_dpo_alpha: Some(0.6), ..base.clone() },
        DpoConfig { loss_type: vec![LossType::Sigmoid, LossType::Hinge], ..base.clone() },
        DpoConfig { loss_type: vec![LossType::Sigmoid, LossType::Sft], ..base.clone() },
        DpoConfig { soft_labels: true, odpo_alpha: Some(0.5), ..base.clone() },
        DpoConfig { row_weights: true, ..base.clone() },
        DpoConfig { row_weights: true, soft_labels: true, beta_dpo_alpha: Some(0.6), ..base.clone() },
        DpoConfig { soft_labels: true, loss_type: vec![LossType::Sigmoid, LossType::Sft], ..base },
    ]);
    all
}

#[test]
fn micro_batches_have_the_gradient_of_the_whole_batch() {
    for (number, config) in configs().into_iter().enumerate() {
        let pairs = pairs(number as u64);
        let of = |micro_batch_tokens| {
            let config = DpoConfig { micro_batch_tokens, ..config.clone() };
            step(Dpo::new(policy(), Some(Box::new(reference())), config).unwrap(), &pairs)
        };
        let (whole, expected) = of(1 << 20);
        let size = expected.iter().map(|(_, g)| g.abs().max().double_value(&[])).fold(0.0, f64::max);
        assert!(size > 1e-6, "{:?}", config.loss_type);
        for micro_batch_tokens in [1, 70, 130] {
            let what = format!("{:?} {micro_batch_tokens}", config.loss_type);
            let (parts, found) = of(micro_batch_tokens);
            assert!((parts.loss() - whole.loss()).abs() < 1e-5 * whole.loss().abs().max(1.0), "{what}");
            assert_eq!(parts.tokens, whole.tokens);
            for (name, value) in whole.metrics.values().iter() {
                let close = (parts.metrics.get(name).unwrap().value - value).abs() < 2e-4 * value.abs().max(1.0);
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
fn micro_batches_of_a_coupled_loss_with_dropout_are_rejected() {
    let training = TrainingConfig { disable_dropout: false, ..TrainingConfig::default() };
    let config = DpoConfig { loss_type: vec![LossType::Aot], micro_batch_tokens: 1, training, ..DpoConfig::default() };
    let rows = pairs(1);
    let mut dpo = Dpo::new(policy(), None, config).unwrap();
    dpo.prepare(Split::Train, &rows, &ProcessGroup::single()).unwrap();
    let indices: Vec<usize> = (0..rows.len()).collect();
    let problem =
        dpo.compute_loss(&Batch::new(Split::Train, &rows, &indices, &ProcessGroup::single()), Some(1.0)).unwrap_err();
    assert!(problem.to_string().contains("micro_batch_tokens") && problem.to_string().contains("dropout"), "{problem}");
}
