//! Trainers: several steps, temperatures, checkpoints' digests.

use super::{gpt2, rows};
use align_models::{CausalLm, TrainableModel};
use align_train::objective::{Grpo, Split, completion_logps_at_temperature};
use align_train::{GrpoConfig, GrpoTrainer, Objective, ProcessGroup, TrainingConfig};

fn training(steps: u64) -> TrainingConfig {
    TrainingConfig {
        max_steps: Some(steps),
        per_device_train_batch_size: 8,
        learning_rate: 3e-3,
        lr_scheduler_type: align_train::LrSchedulerType::Constant,
        ..TrainingConfig::default()
    }
}

/// Completions with a positive advantage become more likely, the others less.
#[test]
fn better_completions_become_more_likely() {
    let config = GrpoConfig { training: training(10), ..GrpoConfig::default() };
    let rows = rows(false);
    let sums = |model: &dyn CausalLm| {
        let sequences: Vec<_> = rows.iter().map(|row| row.sequence()).collect();
        let logps = completion_logps_at_temperature(model, &sequences, 1.0, 40).unwrap();
        logps.iter().map(|row| row.iter().map(|logp| f64::from(*logp)).sum::<f64>()).collect::<Vec<_>>()
    };
    let before = sums(&gpt2(1));
    let mut trainer = GrpoTrainer::new(gpt2(1), None, rows.clone(), config).unwrap();
    while let Some(step) = trainer.next_step().unwrap() {
        assert!(step.metrics.get("entropy").unwrap() > 1.0 && step.metrics.get("kl").is_none());
        assert_eq!(step.metrics.get("clip_ratio/region_mean"), Some(0.0));
    }
    let gain = |after: Vec<f64>| {
        let gains = after.iter().zip(&before).zip(&rows);
        gains.map(|((after, before), row)| row.advantage * (after - before)).sum::<f64>()
    };
    assert!(gain(sums(&trainer.into_policy())) > 1.0);
}

/// A step on completions without advantages leaves the weights as they are.
#[test]
fn a_step_without_a_gradient() {
    let config = GrpoConfig { training: training(2), ..GrpoConfig::default() };
    let mut rows = rows(false);
    rows.iter_mut().for_each(|row| row.advantage = 0.0);
    let mut trainer = GrpoTrainer::new(gpt2(1), None, rows, config).unwrap();
    while let Some(step) = trainer.next_step().unwrap() {
        assert_eq!((step.loss, step.grad_norm), (0.0, 0.0));
    }
    let policy = trainer.into_policy();
    assert!(gpt2(1).parameters().iter().all(|(name, weight)| policy.parameters().get(name) == Some(weight)));
}

/// Old log-probabilities are those of the weights at the time, at the temperature of the objective.
#[test]
fn old_log_probabilities_follow_the_policy_and_the_temperature() {
    let config = GrpoConfig { temperature: 0.5, training: training(2), ..GrpoConfig::default() };
    let mut objective = Grpo::new(gpt2(1), None, config).unwrap();
    let mut rows = rows(false);
    let at = |temperature: f64| {
        let sequences: Vec<_> = rows.iter().map(|row| row.sequence()).collect();
        completion_logps_at_temperature(&gpt2(1), &sequences, temperature, 1000).unwrap()
    };
    let (half, double) = (at(0.5), at(2.0));
    assert_ne!(half, double);
    objective.set_old_logps(&mut rows).unwrap();
    let near = |found: &[f32], expected: &[f32]| found.iter().zip(expected).all(|(x, y)| (x - y).abs() < 1e-5);
    assert!(rows.iter().zip(&half).all(|(row, half)| near(row.old_logps.as_deref().unwrap(), half)));
    objective.set_temperature(2.0).unwrap();
    objective.set_old_logps(&mut rows).unwrap();
    assert!(rows.iter().zip(&double).all(|(row, double)| near(row.old_logps.as_deref().unwrap(), double)));
}

/// A reference model's cached log-probabilities belong to a temperature.
#[test]
fn another_temperature_clears_the_cache() {
    let config = GrpoConfig { beta: 0.1, training: training(1), ..GrpoConfig::default() };
    let rows = rows(true);
    let loss = |temperatures: &[f64]| {
        let mut objective = Grpo::new(gpt2(1), Some(Box::new(gpt2(2))), config.clone()).unwrap();
        let (group, indices) = (ProcessGroup::single(), (0..rows.len()).collect::<Vec<_>>());
        objective.prepare(Split::Train, &rows, &group).unwrap();
        let batch = align_train::objective::Batch::new(Split::Train, &rows, &indices, &group);
        let mut loss = f64::NAN;
        for temperature in temperatures {
            objective.set_temperature(*temperature).unwrap();
            loss = objective.compute_loss(&batch, None).unwrap().loss();
        }
        loss
    };
    assert_eq!(loss(&[1.0, 0.6]), loss(&[0.6]));
    assert_ne!(loss(&[1.0]), loss(&[0.6]));
}

/// TR-DPO's moving reference: at a weight of 1 it is the policy, so that the penalty vanishes.
#[test]
fn the_reference_model_can_move() {
    let config = GrpoConfig {
        beta: 0.5,
        sync_ref_model: true,
        ref_model_mixup_alpha: Some(1.0),
        ref_model_sync_steps: Some(2),
        training: training(3),
        ..GrpoConfig::default()
    };
    let mut trainer = GrpoTrainer::new(gpt2(1), Some(Box::new(gpt2(2))), rows(false), config).unwrap();
    let mut kl = Vec::new();
    while let Some(step) = trainer.next_step().unwrap() {
        kl.push(step.metrics.get("kl").unwrap());
    }
    assert!(kl[0] > 1e-3 && kl[1] > 1e-3 && kl[2].abs() < 1e-6, "{kl:?}");
}

/// All completions of a step may be cut off: then it changes nothing.
#[test]
fn a_step_without_tokens_has_no_gradient() {
    let training = TrainingConfig { per_device_train_batch_size: 4, gradient_accumulation_steps: 2, ..training(1) };
    let config = GrpoConfig { mask_truncated_completions: true, training, ..GrpoConfig::default() };
    let mut rows = rows(true);
    rows.iter_mut().for_each(|row| row.truncated = true);
    let mut trainer = GrpoTrainer::new(gpt2(1), None, rows, config).unwrap();
    let step = trainer.next_step().unwrap().unwrap();
    assert_eq!((step.loss, step.grad_norm), (0.0, 0.0));
    assert_eq!(step.metrics.get("entropy"), None);
    let policy = trainer.into_policy();
    for ((name, found), (_, expected)) in policy.parameters().iter().zip(gpt2(1).parameters().iter()) {
        assert!((found - expected).abs().max().double_value(&[]) < 1e-4, "{name}");
    }
}
