//! Compares training with GRPO and RLOO step by step with `group_policy_runs.json`: runs of TRL's trainers on given completions and
//! rewards, by `python/group_policy_runs.py`.

use crate::golden_dir;
use crate::train::{assert_steps, training};
use align_models::Gpt2;
use align_train::objective::{GroupPolicy, GroupPolicyRow, Grpo, Rloo};
use align_train::{GroupPolicyConfig, GrpoConfig, RlooConfig, Trainer};
use serde_json::{Map, Value};
use tch::{Device, Kind};

fn runs(kind: &str) -> Vec<Value> {
    let golden: Value = serde_json::from_str(include_str!("group_policy_runs.json")).unwrap();
    golden["runs"].as_array().unwrap().iter().filter(|run| run["kind"] == kind).cloned().collect()
}

fn policy() -> Gpt2 {
    Gpt2::from_pretrained(&golden_dir().join("models/gpt2-tiny"), Kind::Float, Device::Cpu).unwrap()
}

fn numbers<T: serde::de::DeserializeOwned>(value: &Value) -> T {
    serde_json::from_value(value.clone()).unwrap()
}

/// The rows of all micro-batches, one after the other.
fn rows(run: &Value, with_reference: bool) -> Vec<GroupPolicyRow> {
    let rows = run["batches"].as_array().unwrap().iter().flat_map(|batch| batch.as_array().unwrap());
    let row = |(index, row): (usize, &Value)| GroupPolicyRow {
        advantage: row["advantage"].as_f64().unwrap(),
        old_logps: numbers(&row["old"]),
        reference_logps: if with_reference { numbers(&row["reference"]) } else { None },
        truncated: row["truncated"].as_bool().unwrap(),
        ..GroupPolicyRow::new(numbers(&row["prompt"]), numbers(&row["completion"]), index)
    };
    rows.enumerate().map(row).collect()
}

/// The options of a run that differ from the defaults, with those of the training.
fn config<C: GroupPolicyConfig>(run: &Value, micro_batch_tokens: usize) -> C {
    let given = run["config"].as_object().unwrap();
    let training = serde_json::to_value(training(&run["config"])).unwrap();
    let known = serde_json::to_value(GrpoConfig::default()).unwrap();
    let known = if run["kind"] == "rloo" { serde_json::to_value(RlooConfig::default()).unwrap() } else { known };
    let own = given.iter().filter(|(name, _)| known.get(name.as_str()).is_some());
    let mut options: Map<String, Value> = own.map(|(name, value)| (name.clone(), value.clone())).collect();
    options.insert("micro_batch_tokens".into(), micro_batch_tokens.into());
    options.insert("training".into(), training);
    serde_json::from_value(options.into()).unwrap()
}

fn assert_run<C: GroupPolicyConfig>(run: &Value, objective: GroupPolicy<C>, with_reference: bool) {
    assert_steps(run, Trainer::from_objective(objective, rows(run, with_reference)).unwrap(), 1e-5);
}

#[test]
fn grpo_follows_trl() {
    let runs = runs("grpo");
    assert!(runs.len() >= 9, "{} runs", runs.len());
    for run in runs {
        for micro_batch_tokens in [10_000, 30] {
            assert_run(&run, Grpo::new(policy(), None, config(&run, micro_batch_tokens)).unwrap(), false);
        }
        // With the log-probabilities of the reference model in the rows.
        if run["batches"][0][0]["reference"].is_array() {
            assert_run(&run, Grpo::without_reference(policy(), config(&run, 1280)).unwrap(), true);
        }
    }
}

#[test]
fn rloo_follows_trl() {
    let runs = runs("rloo");
    assert!(runs.len() >= 2, "{} runs", runs.len());
    for run in runs {
        for micro_batch_tokens in [10_000, 30] {
            assert_run(&run, Rloo::new(policy(), None, config(&run, micro_batch_tokens)).unwrap(), false);
        }
    }
}

/// The log-probabilities before the first step are TRL's old ones.
#[test]
fn old_log_probabilities_are_those_of_trl() {
    let mut compared = 0;
    for run in runs("grpo") {
        let options: GrpoConfig = config(&run, 40);
        let (batch, masks) = (options.training.per_device_train_batch_size, options.mask_truncated_completions);
        let objective = Grpo::without_reference(policy(), options).unwrap();
        let mut all = rows(&run, false);
        let first = &mut all[..batch];
        let expected = first.to_vec();
        objective.set_old_logps(first).unwrap();
        for (row, expected) in first.iter().zip(&expected) {
            let (Some(found), Some(expected)) = (&row.old_logps, &expected.old_logps) else { continue };
            assert_eq!(found.len(), expected.len());
            // TRL gives tokens of completions that are left out the log-probability 0.
            if row.truncated && masks {
                continue;
            }
            for (found, expected) in found.iter().zip(expected) {
                assert!((found - expected).abs() <= 2e-5 * expected.abs(), "{found}, TRL has {expected}");
                compared += 1;
            }
        }
    }
    assert!(compared > 200);
}
