//! Numbers of pairs in training: soft labels, ODPO's offset and weights of rows.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/preference_step.rs"]
mod preference_step;

use align_data::{EncodedPair, EncodedRewardPair, PairNumbers};
use align_losses::LossOption;
use align_models::{AutoModelForSequenceClassification, TrainableModel};
use align_train::objective::{Batch, Dpo, Reward, Split};
use align_train::{DpoConfig, DpoTrainer, Objective, ProcessGroup, RewardConfig, TrainingConfig};
use preference_step::{Step, draws, each_loss, policy, step};
use std::path::PathBuf;
use tch::{Device, Kind};

const PROBABILITIES: [f64; 4] = [0.9, 0.5, 0.2, 1.0];
const MARGINS: [f64; 4] = [3.0, 1.0, 0.4, 0.05];
const WEIGHTS: [f64; 4] = [2.0, 0.0, 0.5, 1.0];

fn pairs() -> Vec<EncodedPair> {
    let mut below = draws(11);
    let pair = |row: usize| {
        let mut ids = |count: u64| -> Vec<i64> { (0..2 + below(count)).map(|_| below(500) as i64).collect() };
        let (prompt_ids, chosen_ids, rejected_ids) = (ids(6), ids(20), ids(20));
        let numbers = PairNumbers {
            chosen_probability: Some(PROBABILITIES[row]),
            margin: Some(MARGINS[row]),
            weight: Some(WEIGHTS[row]),
        };
        EncodedPair { prompt_ids, chosen_ids, rejected_ids, row, numbers }
    };
    (0..4).map(pair).collect()
}

fn config() -> DpoConfig {
    DpoConfig::default()
}

fn dpo(config: &DpoConfig) -> Dpo {
    Dpo::new(policy(), Some(Box::new(reference())), config.clone()).unwrap()
}

/// The policy's model with slightly changed weights, so that log-ratios are not 0.
fn reference() -> align_models::Gpt2 {
    let model = policy();
    for (_, weight) in model.parameters().iter() {
        let _ = tch::no_grad(|| weight.shallow_clone().g_add_(&((weight * 37.0).sin() * 0.02)));
    }
    model
}

/// The loss of each pair alone.
fn losses(config: &DpoConfig) -> Vec<f64> {
    pairs().into_iter().map(|pair| step(dpo(config), &[pair]).0.loss()).collect()
}

fn mean(losses: &[f64], weights: &[f64]) -> f64 {
    losses.iter().zip(weights).map(|(loss, weight)| loss * weight).sum::<f64>() / losses.len() as f64
}

fn assert_near(what: &str, found: f64, expected: f64) {
    assert!((found - expected).abs() < 2e-5 * expected.abs().max(1.0), "{what}: {found}, not {expected}");
}

fn size((_, gradients): &Step) -> f64 {
    gradients.iter().map(|(_, gradient)| gradient.abs().max().double_value(&[])).fold(0.0, f64::max)
}

/// The mean is over pairs, so that weights are not normalised; they multiply those of WPO and a penalty too.
#[test]
fn weights_multiply_the_losses_of_rows() {
    let wpo = DpoConfig { use_weighting: true, ..config() };
    for base in [config(), wpo] {
        let weighted = DpoConfig { row_weights: true, ..base.clone() };
        let whole = step(dpo(&weighted), &pairs());
        assert_near("weighted mean", whole.0.loss(), mean(&losses(&base), &WEIGHTS));
        // A row of weight 0 has no gradient, the gradient of the others is that without it: 3 of 4 rows.
        let others: Vec<EncodedPair> = pairs().into_iter().filter(|pair| pair.row != 1).collect();
        let expected = step(dpo(&weighted), &others);
        for ((name, found), (_, expected)) in whole.1.iter().zip(&expected.1) {
            let apart = (found - expected * 0.75).abs().max().double_value(&[]);
            assert!(apart < 1e-5 * size(&whole).max(1.0), "{name}: {apart}");
        }
    }
}

#[test]
fn soft_labels_are_the_expectation_over_the_sides() {
    let takes = |config: &DpoConfig| config.loss_type[0].takes(LossOption::SoftLabels);
    for plain in each_loss(&config()).into_iter().filter(takes) {
        let soft = DpoConfig { soft_labels: true, ..plain.clone() };
        let swap = |pair: EncodedPair| EncodedPair {
            chosen_ids: pair.rejected_ids.clone(),
            rejected_ids: pair.chosen_ids.clone(),
            ..pair
        };
        let swapped: Vec<f64> = pairs().into_iter().map(|pair| step(dpo(&plain), &[swap(pair)]).0.loss()).collect();
        let wrong = PROBABILITIES.map(|p| 1.0 - p);
        let expected = mean(&losses(&plain), &PROBABILITIES) + mean(&swapped, &wrong);
        assert_near(plain.loss_type[0].name(), step(dpo(&soft), &pairs()).0.loss(), expected);
    }
}

/// `-log σ(β m - α log s)`, with the margin that the run without an offset reports.
#[test]
fn odpo_subtracts_the_offset_from_the_reward_margin() {
    let offset = DpoConfig { odpo_alpha: Some(0.8), ..config() };
    for (row, pair) in pairs().into_iter().enumerate() {
        let margin = step(dpo(&config()), std::slice::from_ref(&pair)).0.metrics.get("rewards/margins").unwrap().value;
        let expected = (0.8 * MARGINS[row].ln() - margin).exp().ln_1p();
        assert_near("odpo", step(dpo(&offset), &[pair]).0.loss(), expected);
    }
}

#[test]
fn a_run_differs_with_its_numbers() {
    let run = |config: &DpoConfig, ones: bool| {
        let training = TrainingConfig { max_steps: Some(3), learning_rate: 1e-3, ..TrainingConfig::default() };
        let mut rows = pairs();
        if ones {
            rows.iter_mut().for_each(|pair| pair.numbers.weight = Some(1.0));
        }
        let config = DpoConfig { training, ..config.clone() };
        let mut trainer = DpoTrainer::new(policy(), None, rows, config).unwrap();
        trainer.by_ref().map(|step| step.unwrap().loss).collect::<Vec<f64>>()
    };
    let (plain, weighted) = (config(), DpoConfig { row_weights: true, ..config() });
    assert_eq!(run(&weighted, true), run(&plain, false), "weights of 1 are none");
    for changed in
        [weighted, DpoConfig { soft_labels: true, ..config() }, DpoConfig { odpo_alpha: Some(1.0), ..config() }]
    {
        let (found, plain) = (run(&changed, false), run(&plain, false));
        assert!((found[2] - plain[2]).abs() > 1e-4, "{found:?} {plain:?}");
    }
}

#[test]
fn a_run_is_resumed_with_its_numbers_only() {
    let training = TrainingConfig { per_device_train_batch_size: 2, max_steps: Some(4), ..TrainingConfig::default() };
    let config = DpoConfig { soft_labels: true, odpo_alpha: Some(0.5), row_weights: true, training, ..config() };
    let trainer = |config: &DpoConfig, rows| DpoTrainer::new(policy(), None, rows, config.clone()).unwrap();
    let whole: Vec<_> = trainer(&config, pairs()).map(Result::unwrap).collect();
    let dir = tempfile::tempdir().unwrap();
    let checkpoint = dir.path().join("checkpoint-1");
    let mut first = trainer(&config, pairs());
    first.next_step().unwrap();
    first.save_checkpoint(&checkpoint).unwrap();
    let mut resumed = trainer(&config, pairs());
    resumed.resume(&checkpoint).unwrap();
    assert_eq!(resumed.map(Result::unwrap).collect::<Vec<_>>(), whole[1..]);

    let changes: [fn(&mut PairNumbers); 3] = [
        |numbers| numbers.chosen_probability = Some(0.123),
        |numbers| numbers.margin = Some(0.123),
        |numbers| numbers.weight = Some(0.123),
    ];
    for change in changes {
        let mut rows = pairs();
        change(&mut rows[3].numbers);
        let refusal = trainer(&config, rows).resume(&checkpoint).unwrap_err().to_string();
        assert!(refusal.contains("other training rows"), "{refusal}");
    }
    let without = DpoConfig { odpo_alpha: None, ..config };
    let refusal = trainer(&without, pairs()).resume(&checkpoint).unwrap_err().to_string();
    assert!(refusal.contains("odpo_alpha"), "{refusal}");
}

#[test]
fn rows_without_valid_numbers_are_refused() {
    let refused = |config: DpoConfig, change: fn(&mut PairNumbers), parts: &[&str]| {
        let mut rows = pairs();
        change(&mut rows[2].numbers);
        let message = dpo(&config).prepare(Split::Train, &rows, &ProcessGroup::single()).unwrap_err().to_string();
        parts.iter().for_each(|part| assert!(message.contains(part), "{message}"));
    };
    let soft = || DpoConfig { soft_labels: true, ..config() };
    refused(soft(), |n| n.chosen_probability = None, &["training row 3", "soft_labels", "chosen_probability", "none"]);
    refused(soft(), |n| n.chosen_probability = Some(1.5), &["training row 3", "at most 1", "found 1.5"]);
    refused(soft(), |n| n.chosen_probability = Some(f64::NAN), &["training row 3", "NaN"]);
    refused(soft(), |n| n.chosen_probability = Some(1e-50), &["training row 3", "found 1e-50, which is 0 in float32"]);
    let offset = || DpoConfig { odpo_alpha: Some(1.0), ..config() };
    refused(offset(), |n| n.margin = Some(0.0), &["training row 3", "odpo_alpha", "margin", "above 0", "found 0"]);
    let weighted = || DpoConfig { row_weights: true, ..config() };
    refused(weighted(), |n| n.weight = Some(-1.0), &["training row 3", "row_weights", "at least 0", "found -1"]);
    refused(offset(), |n| n.margin = Some(1e300), &["training row 3", "found 1e300, which is inf in float32"]);
    refused(offset(), |n| n.margin = Some(1e-60), &["training row 3", "found 1e-60, which is 0 in float32"]);
    refused(weighted(), |n| n.weight = Some(1e39), &["training row 3", "found 1e39, which is inf in float32"]);
    let mut rows = pairs();
    for weight in [0.0, 1e-50] {
        rows.iter_mut().for_each(|pair| pair.numbers.weight = Some(weight));
        let message = dpo(&weighted()).prepare(Split::Eval, &rows, &ProcessGroup::single()).unwrap_err().to_string();
        assert!(message.contains("weights of all evaluation rows are 0"), "{message}");
    }
    // What the loss does not use may be anything.
    rows[0].numbers = PairNumbers { chosen_probability: Some(7.0), ..PairNumbers::default() };
    dpo(&config()).prepare(Split::Train, &rows, &ProcessGroup::single()).unwrap();
}

#[test]
fn reward_models_take_soft_labels_and_weights() {
    let dir = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden/data/models/gpt2-tiny-reward");
    let model = || AutoModelForSequenceClassification::from_pretrained(&dir, Kind::Float, Device::Cpu).unwrap();
    let rows: Vec<EncodedRewardPair> = pairs()
        .into_iter()
        .map(|pair| EncodedRewardPair {
            chosen_ids: [pair.prompt_ids.clone(), pair.chosen_ids].concat(),
            rejected_ids: [pair.prompt_ids, pair.rejected_ids].concat(),
            numbers: PairNumbers { margin: Some(0.3), ..pair.numbers },
            row: pair.row,
        })
        .collect();
    let loss = |config: RewardConfig, rows: &[EncodedRewardPair]| {
        let mut reward = Reward::new(model(), config).unwrap();
        reward.prepare(Split::Train, rows, &ProcessGroup::single()).unwrap();
        reward.policy().parameters().set_requires_grad(true);
        let indices: Vec<usize> = (0..rows.len()).collect();
        let group = ProcessGroup::single();
        let batch = Batch::new(Split::Train, rows, &indices, &group);
        let output = reward.compute_loss(&batch, Some(1.0)).unwrap();
        (output.loss(), output.metrics.get("margin").unwrap().value)
    };
    let (mut expected, coefficient) = (0.0, Some(0.1));
    for (row, pair) in rows.iter().enumerate() {
        let plain = RewardConfig { center_rewards_coefficient: coefficient, ..RewardConfig::default() };
        let (with_penalty, _) = loss(plain, std::slice::from_ref(pair));
        let (likelihood, margin) = loss(RewardConfig::default(), std::slice::from_ref(pair));
        let d = margin - 0.3;
        assert_near("plain", likelihood, (-d).exp().ln_1p());
        let p = PROBABILITIES[row];
        let soft = p * (-d).exp().ln_1p() + (1.0 - p) * d.exp().ln_1p();
        expected += WEIGHTS[row] * (soft + with_penalty - likelihood) / 4.0;
    }
    let both = RewardConfig {
        center_rewards_coefficient: coefficient,
        soft_labels: true,
        row_weights: true,
        ..RewardConfig::default()
    };
    assert_near("soft and weighted", loss(both.clone(), &rows).0, expected);
    let mut missing = rows.clone();
    missing[1].numbers.weight = None;
    let message = Reward::new(model(), both)
        .unwrap()
        .prepare(Split::Train, &missing, &ProcessGroup::single())
        .unwrap_err()
        .to_string();
    assert!(message.contains("training row 2") && message.contains("row_weights needs weight"), "{message}");
}
