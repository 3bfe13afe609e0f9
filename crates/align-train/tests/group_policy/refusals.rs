//! What is refused, and that messages name it.

use super::{gpt2, rows};
use align_models::CausalLm;
use align_train::objective::{GroupPolicyRow, Grpo, Rloo};
use align_train::{GrpoConfig, GrpoLossType, GrpoTrainer, RlooConfig, RunConfig, TrainingConfig};
use std::fmt::Debug;

fn refused<T: Debug>(result: align_train::Result<T>, words: &[&str]) {
    let message = result.expect_err("it was taken").to_string();
    assert!(words.iter().all(|word| message.contains(word)), "{words:?} in {message:?}");
}

#[test]
fn options() {
    let grpo = |change: fn(&mut GrpoConfig), words: &[&str]| {
        let mut config = GrpoConfig::default();
        change(&mut config);
        refused(config.validate(), words);
    };
    GrpoConfig::default().validate().unwrap();
    RlooConfig::default().validate().unwrap();
    grpo(|c| c.num_generations = 1, &["num_generations", "at least 2"]);
    grpo(|c| c.num_iterations = 0, &["num_iterations"]);
    grpo(|c| c.temperature = 0.0, &["temperature"]);
    grpo(|c| c.micro_batch_tokens = 0, &["micro_batch_tokens"]);
    grpo(|c| c.reward_weights = Some(vec![]), &["reward_weights"]);
    grpo(|c| c.reward_weights = Some(vec![f64::NAN]), &["reward_weights"]);
    grpo(|c| c.sync_ref_model = true, &["sync_ref_model", "beta"]);
    grpo(|c| c.ref_model_sync_steps = Some(3), &["ref_model_sync_steps", "sync_ref_model"]);
    grpo(|c| c.loss_type = GrpoLossType::Cispo, &["epsilon_high"]);
    grpo(|c| (c.loss_type, c.max_completion_length) = (GrpoLossType::DrGrpo, 0), &["max_completion_length"]);
    grpo(|c| c.use_bias_correction_kl = false, &["use_bias_correction_kl", "beta"]);
    let best = |metric: &str| GrpoConfig {
        training: TrainingConfig {
            metric_for_best_model: Some(metric.into()),
            early_stopping_patience: Some(1),
            eval_strategy: align_train::IntervalStrategy::Epoch,
            ..TrainingConfig::default()
        },
        ..GrpoConfig::default()
    };
    best("clip_ratio/region_mean").validate().unwrap();
    refused(best("kl").validate(), &["metric_for_best_model", "kl"]);
    refused(
        RlooConfig { reward_clip_range: Some((1.0, 0.0)), ..RlooConfig::default() }.validate(),
        &["reward_clip_range"],
    );
    refused(RlooConfig { num_generations: 1, ..RlooConfig::default() }.validate(), &["num_generations"]);
}

#[test]
fn reference_models_that_would_be_ignored() {
    let reference = || Some(Box::new(gpt2(2)) as Box<dyn CausalLm>);
    refused(Grpo::new(gpt2(1), reference(), GrpoConfig::default()), &["reference model", "beta"]);
    let without = RlooConfig { beta: 0.0, ..RlooConfig::default() };
    refused(Rloo::new(gpt2(1), reference(), without), &["reference model"]);
}

#[test]
fn rows_that_do_not_fit() {
    let config = GrpoConfig { beta: 0.1, ..GrpoConfig::default() };
    let changed = |change: fn(&mut GroupPolicyRow)| {
        let mut rows = rows(true);
        change(&mut rows[2]);
        rows
    };
    let new = |change: fn(&mut GroupPolicyRow), words: &[&str]| {
        let words = [words, &["training row 3"]].concat();
        refused(GrpoTrainer::new(gpt2(1), None, changed(change), config.clone()), &words);
    };
    new(|row| row.prompt_ids.clear(), &["prompt", "BOS"]);
    new(|row| row.completion_ids.clear(), &["no token to learn from"]);
    new(|row| row.completion_ids = vec![99], &["vocabulary"]);
    new(|row| row.completion_ids = vec![1; 40], &["at most 32"]);
    new(|row| row.advantage = f64::NAN, &["advantage", "NaN"]);
    new(|row| row.old_logps = Some(vec![-1.0]), &["old_logps", "1 numbers"]);
    new(|row| row.old_logps.as_mut().unwrap()[0] = f32::NEG_INFINITY, &["old_logps", "-inf"]);
    new(|row| row.reference_logps = Some(vec![]), &["reference_logps", "0 numbers"]);
    let objective = Grpo::without_reference(gpt2(1), config.clone()).unwrap();
    let trainer = align_train::Trainer::from_objective(objective, rows(true));
    refused(trainer, &["training row 1", "reference model"]);
}
