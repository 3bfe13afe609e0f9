//! The penalty on the distance of hidden states: its value by a second computation, its gradient by differences, and that it does not depend on
//! how a batch is computed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use align_data::EncodedPair;
use align_losses::LossType;
use align_models::{Attention, CausalLm, Gpt2, Gpt2Config, LoraConfig, LoraModel, TrainableModel};
use align_train::objective::{Batch, BatchOutput, Dpo, Split};
use align_train::{DpoConfig, DpoTrainer, HiddenLayers, Objective, PrefixSharing, ProcessGroup, TrainingConfig};
use tch::{Device, Kind, Tensor};

const VOCAB: i64 = 97;
const WIDTH: i64 = 24;
const BLOCKS: usize = 3;
const COEFFICIENT: f64 = 0.7;

fn gpt2(n_layer: usize) -> Gpt2 {
    let config = Gpt2Config {
        vocab_size: VOCAB,
        n_positions: 64,
        n_embd: WIDTH,
        n_layer: n_layer as i64,
        n_head: 3,
        bos_token_id: Some(0),
        eos_token_id: Some(vec![0]),
        ..Gpt2Config::default()
    };
    Gpt2::new_random(config, 1, Kind::Double, Device::Cpu).unwrap()
}

fn policy() -> Gpt2 {
    gpt2(BLOCKS)
}

/// The policy with slightly changed weights.
fn moved(model: Gpt2) -> Gpt2 {
    tch::no_grad(|| {
        for (_, weight) in model.parameters().iter() {
            let _ = weight.shallow_clone().g_add_(&((weight * 37.0).sin() * 0.03));
        }
    });
    model
}

fn ids(count: usize, salt: usize) -> Vec<i64> {
    (0..count as i64).map(|i| (i * i * 7 + 13 * i + 29 * salt as i64) % VOCAB).collect()
}

/// Prompts of 2 to 5 tokens, and completions of which one pair's have a common prefix.
fn pairs() -> Vec<EncodedPair> {
    let pair = |row: usize| {
        let common = ids(row % 2 * 2, 90);
        let with_common = |rest: Vec<i64>| [common.clone(), rest].concat();
        EncodedPair {
            prompt_ids: ids(2 + row % 4, row),
            chosen_ids: with_common(ids(3 + row * 5 % 11, row + 20)),
            rejected_ids: with_common(ids(2 + row * 7 % 9, row + 40)),
            row,
            ..EncodedPair::default()
        }
    };
    (0..5).map(pair).collect()
}

fn config() -> DpoConfig {
    DpoConfig { hidden_distance_coef: COEFFICIENT, ..DpoConfig::default() }
}

fn plain() -> DpoConfig {
    DpoConfig { hidden_distance_coef: 0.0, ..config() }
}

fn of_layers(layers: &str) -> DpoConfig {
    DpoConfig { hidden_distance_layers: Some(layers.parse().unwrap()), ..config() }
}

fn dpo(config: DpoConfig) -> Dpo {
    Dpo::new(policy(), Some(Box::new(moved(policy()))), config).unwrap()
}

fn compute(dpo: &mut Dpo, scale: Option<f64>) -> BatchOutput {
    let rows = pairs();
    let indices: Vec<usize> = (0..rows.len()).collect();
    dpo.compute_loss(&Batch::new(Split::Train, &rows, &indices, &ProcessGroup::single()), scale).unwrap()
}

/// The output of a step, and the gradient of each weight.
fn step(mut dpo: Dpo) -> (BatchOutput, Vec<(String, Tensor)>) {
    dpo.prepare(Split::Train, &pairs(), &ProcessGroup::single()).unwrap();
    let weights = dpo.policy().parameters();
    weights.set_requires_grad(true);
    for (_, weight) in weights.iter() {
        (weight * 0.0).sum(Kind::Double).backward();
    }
    let output = compute(&mut dpo, Some(0.5));
    let weights = dpo.policy().parameters().iter();
    (output, weights.map(|(name, weight)| (name.to_owned(), weight.grad())).collect())
}

fn assert_near(what: &str, found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance * expected.abs().max(1e-3), "{what}: {found}, not {expected}");
}

/// The mean distance, sequence by sequence and number by number.
fn expected_distance(policy: &dyn CausalLm, reference: &dyn CausalLm, layers: &[usize]) -> f64 {
    let states = |model: &dyn CausalLm, ids: &[i64]| -> Vec<Vec<f64>> {
        let ids = Tensor::from_slice(ids).unsqueeze(0);
        let all = tch::no_grad(|| model.hidden_states(&ids, None, &Attention::Causal)).unwrap();
        all.iter().map(|layer| Vec::try_from(layer.reshape([-1])).unwrap()).collect()
    };
    let (mut sum, mut tokens) = (0.0, 0.0);
    for pair in pairs() {
        for completion in [&pair.chosen_ids, &pair.rejected_ids] {
            let sequence = [pair.prompt_ids.clone(), completion.clone()].concat();
            let (ours, theirs) = (states(policy, &sequence), states(reference, &sequence));
            for position in pair.prompt_ids.len() - 1..sequence.len() - 1 {
                tokens += 1.0;
                for layer in layers {
                    for unit in position * WIDTH as usize..(position + 1) * WIDTH as usize {
                        let apart = ours[*layer][unit] - theirs[*layer][unit];
                        sum += apart * apart / WIDTH as f64 / layers.len() as f64;
                    }
                }
            }
        }
    }
    sum / tokens
}

#[test]
fn the_distance_is_the_mean_over_predicting_positions_and_layers() {
    let (loss_without, _) = step(dpo(plain()));
    for (layers, indices) in [("all", vec![1, 2, 3]), ("last", vec![3]), ("0,2", vec![0, 2]), ("3", vec![3])] {
        let expected = expected_distance(&policy(), &moved(policy()), &indices);
        assert!(expected > 1e-6, "{layers}: {expected}");
        let (found, _) = step(dpo(of_layers(layers)));
        assert_near(layers, found.metrics.get("hidden_distance").unwrap().value, expected, 1e-6);
        assert_near(layers, found.loss() - loss_without.loss(), COEFFICIENT * expected, 1e-5);
        // An evaluation has the same loss and metric.
        let mut evaluated = dpo(of_layers(layers));
        evaluated.prepare(Split::Train, &pairs(), &ProcessGroup::single()).unwrap();
        let output = tch::no_grad(|| compute(&mut evaluated, None));
        assert_near(layers, output.loss(), found.loss(), 1e-6);
        assert_near(layers, output.metrics.get("hidden_distance").unwrap().value, expected, 1e-6);
    }
}

#[test]
fn a_policy_starts_at_distance_0() {
    let start = |config| step(Dpo::new(policy(), None, config).unwrap());
    let ((with, gradients), (without, expected)) = (start(config()), start(plain()));
    assert_eq!(with.metrics.get("hidden_distance").unwrap().value, 0.0);
    assert!(without.metrics.get("hidden_distance").is_none());
    assert_eq!(with.loss(), without.loss());
    for ((name, found), (_, expected)) in gradients.iter().zip(&expected) {
        assert!((found - expected).abs().max().double_value(&[]) < 1e-12, "{name}");
    }
}

#[test]
fn the_gradient_is_that_of_differences() {
    const STEP: f64 = 1e-5;
    for layers in ["all", "0,2"] {
        let (_, gradients) = step(dpo(of_layers(layers)));
        let (_, without) = step(dpo(plain()));
        let mut changed = 0;
        for ((name, gradient), (_, other)) in gradients.iter().zip(&without) {
            // The largest entries of the weight's gradient of the penalty.
            let (_, largest) = (gradient - other).abs().reshape([-1]).topk(2, 0, true, true);
            for at in Vec::<i64>::try_from(largest).unwrap() {
                let loss = |by: f64| {
                    let mut dpo = dpo(of_layers(layers));
                    dpo.prepare(Split::Train, &pairs(), &ProcessGroup::single()).unwrap();
                    tch::no_grad(|| {
                        let weight = dpo.policy().parameters().get(name).unwrap().shallow_clone().view([-1]);
                        let _ = weight.narrow(0, at, 1).g_add_scalar_(by);
                        compute(&mut dpo, None).loss()
                    })
                };
                let slope = 0.5 * (loss(STEP) - loss(-STEP)) / (2.0 * STEP);
                let found = gradient.reshape([-1]).double_value(&[at]);
                assert!(
                    (found - slope).abs() < 1e-6 * slope.abs() + 1e-8,
                    "{layers}, {name}[{at}]: {found}, not {slope}"
                );
                changed += usize::from((found - other.reshape([-1]).double_value(&[at])).abs() > 1e-6);
            }
        }
        assert!(changed > 20, "{layers}: {changed} gradients of the penalty");
    }
}

fn assert_same(
    what: &str,
    found: &(BatchOutput, Vec<(String, Tensor)>),
    expected: &(BatchOutput, Vec<(String, Tensor)>),
) {
    assert_near(what, found.0.loss(), expected.0.loss(), 1e-6);
    for (name, value) in expected.0.metrics.values().iter() {
        assert_near(&format!("{what}, {name}"), found.0.metrics.values().get(name).unwrap(), value, 1e-5);
    }
    for ((name, found), (_, expected)) in found.1.iter().zip(&expected.1) {
        // The reference's log-probabilities are kept in float32.
        let apart = (found - expected).abs().max().double_value(&[]);
        assert!(apart < 1e-7, "{what}, {name}: {apart}");
    }
}

/// One pass or several, with and without shared prefixes, for losses of pairs and of the batch.
#[test]
fn the_gradient_does_not_depend_on_how_a_batch_is_computed() {
    for loss_type in [LossType::Sigmoid, LossType::Aot] {
        let of = |prefix_sharing, micro_batch_tokens| {
            step(dpo(DpoConfig { loss_type: vec![loss_type], prefix_sharing, micro_batch_tokens, ..config() }))
        };
        let whole = of(PrefixSharing::Off, usize::MAX);
        assert!(whole.0.metrics.get("hidden_distance").unwrap().value > 1e-6);
        for (sharing, budget) in [
            (PrefixSharing::Off, 1),
            (PrefixSharing::Off, 60),
            (PrefixSharing::On, usize::MAX),
            (PrefixSharing::On, 1),
            (PrefixSharing::On, 50),
        ] {
            assert_same(&format!("{loss_type} {sharing:?} {budget}"), &of(sharing, budget), &whole);
        }
    }
}

/// The reference of an adapter is the model without it.
#[test]
fn adapters_and_gradient_checkpointing_have_the_same_gradient() {
    let adapted = |value: f64| {
        let model = LoraModel::new(policy(), LoraConfig { r: 2, ..LoraConfig::default() }, 3).unwrap();
        tch::no_grad(|| {
            for (_, matrix) in model.parameters().iter() {
                let _ = matrix.shallow_clone().fill_(value);
            }
        });
        model
    };
    let of = |checkpointing, sharing| {
        let mut model = adapted(0.05);
        TrainableModel::set_gradient_checkpointing(&mut model, checkpointing).unwrap();
        let config = DpoConfig { prefix_sharing: sharing, ..config() };
        step(Dpo::new(model, Some(Box::new(adapted(0.0))), config).unwrap())
    };
    let expected = of(false, PrefixSharing::Off);
    assert_same("shared", &of(false, PrefixSharing::On), &expected);
    assert_same("checkpointed", &of(true, PrefixSharing::Off), &expected);
    let distance = expected_distance(&adapted(0.05), &policy(), &[1, 2, 3]);
    assert_near("lora", expected.0.metrics.get("hidden_distance").unwrap().value, distance, 1e-6);
}

/// A larger coefficient keeps the policy nearer, and every step of every epoch computes the reference's states anew.
#[test]
fn training_stays_nearer_with_the_penalty() {
    let run = |hidden_distance_coef| {
        let training = TrainingConfig {
            num_train_epochs: Some(6.0),
            learning_rate: 3e-3,
            per_device_train_batch_size: 5,
            ..TrainingConfig::default()
        };
        let config = DpoConfig { hidden_distance_coef, training, ..config() };
        let mut trainer = DpoTrainer::new(policy(), None, pairs(), config).unwrap();
        let steps: Vec<_> = trainer.by_ref().map(Result::unwrap).collect();
        steps.last().unwrap().metrics.get("hidden_distance").unwrap()
    };
    let (free, held) = (run(1e-9), run(100.0));
    assert!(free > 0.0 && held < 0.5 * free, "{held} with the penalty, {free} without it");
}

#[test]
fn layers_and_models_that_do_not_fit_are_refused() {
    let refused = |config: DpoConfig, reference: Option<Box<dyn CausalLm>>, parts: &[&str]| {
        let message = Dpo::new(policy(), reference, config).unwrap_err().to_string();
        parts.iter().for_each(|part| assert!(message.contains(part), "{message}"));
    };
    let layers = |layers| DpoConfig { hidden_distance_layers: Some(HiddenLayers::Listed(layers)), ..config() };
    refused(layers(vec![1, 4]), None, &["hidden_distance_layers", "layer 4", "from 0 (the embeddings) to 3"]);
    refused(config(), Some(Box::new(gpt2(2))), &["hidden_distance_coef", "3 blocks of width 24", "2 blocks"]);
    refused(
        DpoConfig { precompute_ref_log_probs: true, ..config() },
        None,
        &["precompute_ref_log_probs", "hidden_distance_coef"],
    );
}
