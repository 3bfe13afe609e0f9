//! The objectives of GRPO and RLOO against a plain implementation with LibTorch's graph over whole logits.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod plain;
mod refusals;
mod runs;

use align_models::{CausalLm, Gpt2, Gpt2Config, LoraConfig, LoraModel, TrainableModel};
use align_train::objective::{Batch, GroupPolicy, GroupPolicyRow, Grpo, Rloo, Split};
use align_train::{
    GroupPolicyConfig, GrpoConfig, GrpoLossType, Objective, PrefixSharing, ProcessGroup, RlooConfig, TrainingConfig,
};
use plain::Loss;
use tch::{Device, Kind, Tensor};

const VOCAB: i64 = 53;

/// In float64, so that differences are those of the formulas.
fn gpt2(seed: u64) -> Gpt2 {
    let config = Gpt2Config {
        vocab_size: VOCAB,
        n_positions: 32,
        n_embd: 16,
        n_layer: 2,
        n_head: 2,
        bos_token_id: Some(0),
        eos_token_id: Some(vec![0]),
        ..Gpt2Config::default()
    };
    Gpt2::new_random(config, seed, Kind::Double, Device::Cpu).unwrap()
}

fn lora() -> LoraModel {
    let model = LoraModel::new(gpt2(1), LoraConfig { r: 2, lora_alpha: 8.0, ..LoraConfig::default() }, 3).unwrap();
    // Adapters begin at 0, where half of their gradient is 0.
    for (index, (_, weight)) in model.parameters().iter().enumerate() {
        let _ = tch::no_grad(|| weight.shallow_clone().fill_(0.05 + 0.01 * index as f64));
    }
    model
}

/// Completions of two prompts, with old log-probabilities around those of a uniform distribution.
fn rows(old: bool) -> Vec<GroupPolicyRow> {
    let ids = |count: usize, salt: usize| (0..count).map(|i| ((i * i * 7 + 13 * i + 29 * salt) % 53) as i64).collect();
    let row = |row: usize| {
        let completion: Vec<i64> = ids(1 + row * 5 % 9, row + 20);
        let old_logps = (0..completion.len()).map(|t| -3.97 + 0.25 * ((row + 2 * t) as f32).sin()).collect();
        GroupPolicyRow {
            advantage: if row == 6 { 0.0 } else { (row as f64 * 2.3).cos() },
            old_logps: old.then_some(old_logps),
            truncated: row % 3 == 1,
            ..GroupPolicyRow::new(ids(1 + row % 2 * 4, row % 2), completion, row)
        }
    };
    (0..8).map(row).collect()
}

fn gradients(model: &dyn CausalLm) -> Vec<(String, Tensor)> {
    model.parameters().iter().map(|(name, weight)| (name.to_owned(), weight.grad())).collect()
}

/// Loss and gradient of a batch by the objective and by the plain implementation.
fn compare<C: GroupPolicyConfig>(
    what: &str,
    mut objective: GroupPolicy<C>,
    (rows, policy, reference): (Vec<GroupPolicyRow>, &dyn CausalLm, &dyn CausalLm),
    loss: &Loss,
) {
    let group = ProcessGroup::single();
    objective.prepare(Split::Train, &rows, &group).unwrap();
    objective.policy().parameters().set_requires_grad(true);
    let indices: Vec<usize> = (0..rows.len()).collect();
    let batch = Batch::new(Split::Train, &rows, &indices, &group);
    let output = objective.compute_loss(&batch, Some(0.5)).unwrap();
    policy.parameters().set_requires_grad(true);
    let expected = loss.of(policy, reference, &rows);
    (&expected * 0.5).backward();
    let (found, expected) = (output.loss(), expected.double_value(&[]));
    assert!((found - expected).abs() <= 1e-6 * expected.abs() + 1e-8, "{what}: loss {found}, expected {expected}");
    let mut norm = 0.0;
    for ((name, found), (_, expected)) in gradients(objective.policy()).iter().zip(gradients(policy)) {
        let (difference, size) = ((found - &expected).norm().double_value(&[]), expected.norm().double_value(&[]));
        assert!(difference <= 1e-6 * size + 1e-9, "{what}, gradient of {name}: differs by {difference} of {size}");
        norm += size * size;
    }
    assert!(norm.sqrt() > 1e-3, "{what}: no gradient");
    // Without a gradient the loss is the same.
    let evaluated = objective.compute_loss(&batch, None).unwrap();
    assert_eq!((evaluated.loss(), evaluated.metrics), (output.loss(), output.metrics), "{what}");
}

fn config(change: impl FnOnce(&mut GrpoConfig)) -> GrpoConfig {
    let mut config = GrpoConfig { training: TrainingConfig::default(), ..GrpoConfig::default() };
    change(&mut config);
    config
}

#[test]
fn grpo_equals_a_plain_implementation() {
    for micro_batch_tokens in [10_000, 25, 1] {
        for old in [true, false] {
            let cases = [
                config(|_| ()),
                config(|c| c.prefix_sharing = PrefixSharing::On),
                config(|c| c.prefix_sharing = PrefixSharing::Off),
                config(|c| c.loss_type = GrpoLossType::Grpo),
                config(|c| (c.loss_type, c.beta) = (GrpoLossType::Grpo, 0.2)),
                config(|c| (c.beta, c.mask_truncated_completions) = (0.1, true)),
                config(|c| (c.beta, c.use_bias_correction_kl) = (0.1, false)),
                config(|c| (c.epsilon, c.epsilon_high, c.temperature) = (0.05, Some(0.3), 0.7)),
                config(|c| (c.beta, c.temperature) = (0.1, 1.6)),
                config(|c| (c.loss_type, c.max_completion_length) = (GrpoLossType::DrGrpo, 11)),
            ];
            for case in cases {
                let case = GrpoConfig { micro_batch_tokens, ..case };
                let loss = Loss::grpo(&case);
                let with_reference = case.beta > 0.0;
                let reference = with_reference.then(|| Box::new(gpt2(2)) as Box<dyn CausalLm>);
                let objective = Grpo::new(gpt2(1), reference, case.clone()).unwrap();
                compare(&format!("{case:?}"), objective, (rows(old), &gpt2(1), &gpt2(2)), &loss);
            }
        }
    }
}

#[test]
fn rloo_equals_a_plain_implementation() {
    for micro_batch_tokens in [10_000, 25] {
        for old in [true, false] {
            for (mask_truncated_completions, temperature) in [(false, 1.0), (true, 0.8)] {
                let case =
                    RlooConfig { micro_batch_tokens, mask_truncated_completions, temperature, ..RlooConfig::default() };
                let objective = Rloo::new(gpt2(1), None, case.clone()).unwrap();
                compare(&format!("{case:?}"), objective, (rows(old), &gpt2(1), &gpt2(2)), &Loss::rloo(&case));
            }
        }
    }
}

/// Completions that are all as good as the others of their prompt have no gradient. The KL penalty has one.
#[test]
fn rows_without_advantage() {
    let group = ProcessGroup::single();
    let mut all = rows(false);
    all.iter_mut().for_each(|row| row.advantage = 0.0);
    for beta in [0.0, 0.1] {
        let reference = (beta > 0.0).then(|| Box::new(gpt2(2)) as Box<dyn CausalLm>);
        let mut objective = Grpo::new(gpt2(1), reference, config(|c| c.beta = beta)).unwrap();
        objective.prepare(Split::Train, &all, &group).unwrap();
        objective.policy().parameters().set_requires_grad(true);
        let indices: Vec<usize> = (0..all.len()).collect();
        let output = objective.compute_loss(&Batch::new(Split::Train, &all, &indices, &group), Some(1.0)).unwrap();
        let has_gradient =
            |(_, gradient): &(String, Tensor)| gradient.defined() && gradient.norm().double_value(&[]) > 0.0;
        assert_eq!(gradients(objective.policy()).iter().any(has_gradient), beta > 0.0);
        assert_eq!(output.loss() > 0.0, beta > 0.0);
        assert!(output.tokens > 0 && output.metrics.get("entropy").is_some());
    }
}

/// Only the adapter has a gradient.
#[test]
fn an_adapter() {
    let case = config(|c| (c.beta, c.micro_batch_tokens) = (0.2, 25));
    let objective = Grpo::new(lora(), Some(Box::new(gpt2(2))), case.clone()).unwrap();
    compare("LoRA", objective, (rows(true), &lora(), &gpt2(2)), &Loss::grpo(&case));
}
