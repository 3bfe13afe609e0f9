//! Compares training step by step with finetuning.json: runs of TRL's SFTTrainer, and of transformers' Trainer on a classifier.

use align_data::{PreferencePair, Tokenizer, UnpairedPreference, encode_labelled_texts};
use align_models::{DistilBert, Gpt2, TrainableModel};
use align_train::objective::Objective;
use align_train::{
    ClassificationConfig, ClassificationTrainer, SamplingStrategy, SftConfig, SftTrainer, Trainer, TrainingConfig,
};
use serde_json::Value;
use std::path::{Path, PathBuf};
use tch::{Device, Kind};

/// The script uses the models and texts in this folder, so `ALIGN_GOLDEN` has no effect here.
fn golden_path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/data").join(name)
}

fn golden(part: &str) -> Vec<Value> {
    let golden: Value =
        serde_json::from_str(&std::fs::read_to_string(golden_path("finetuning.json")).unwrap()).unwrap();
    golden[part].as_array().unwrap().clone()
}

fn lines<T: serde::de::DeserializeOwned>(file: &str) -> Vec<T> {
    let text = std::fs::read_to_string(golden_path(file)).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn training(c: &Value) -> TrainingConfig {
    let count = |name: &str| c[name].as_u64().unwrap();
    let number = |name: &str| c[name].as_f64().unwrap();
    TrainingConfig {
        per_device_train_batch_size: count("per_device_train_batch_size") as usize,
        per_device_eval_batch_size: count("per_device_eval_batch_size") as usize,
        gradient_accumulation_steps: count("gradient_accumulation_steps") as usize,
        max_steps: Some(count("max_steps")),
        learning_rate: number("learning_rate"),
        weight_decay: number("weight_decay"),
        max_grad_norm: number("max_grad_norm"),
        disable_dropout: true,
        train_sampling_strategy: SamplingStrategy::Sequential,
        ..TrainingConfig::default()
    }
}

/// Compares every field of every step, the final evaluation, and the final weights.
fn assert_run<O: Objective>(run: &Value, mut trainer: Trainer<O>) {
    let name = run["name"].as_str().unwrap();
    let near = |what: &str, found: f64, expected: &Value| {
        let expected = expected.as_f64().unwrap();
        let apart = (found - expected).abs();
        assert!(apart <= 1e-4 * expected.abs() + 1e-5, "{name}, {what}: {found}, the golden run has {expected}");
    };
    let steps = run["steps"].as_array().unwrap();
    for expected in steps {
        let record = trainer.next_step().unwrap().unwrap();
        let found = serde_json::to_value(&record).unwrap();
        for (field, value) in expected.as_object().unwrap() {
            near(&format!("step {}, {field}", record.step), found[field].as_f64().unwrap_or(f64::NAN), value);
        }
    }
    assert!(trainer.next_step().unwrap().is_none(), "{name}: more steps than the golden run");
    let record = trainer.evaluate().unwrap();
    let evaluation = run["evaluation"].as_object().unwrap();
    assert!(evaluation.len() >= 2);
    for (field, value) in evaluation {
        near(field, record.get(field).unwrap_or(f64::NAN), value);
    }
    let policy = trainer.into_policy();
    for (weight, norm) in run["final_parameter_norms"].as_object().unwrap() {
        let tensor = policy.parameters().get(weight).unwrap_or_else(|| panic!("no weight {weight}"));
        let (found, norm) = (tensor.to_kind(Kind::Double).norm().double_value(&[]), norm.as_f64().unwrap());
        // Softmax is invariant to a key's bias, so its gradient is pure rounding, which Adam scales up to steps of the learning rate.
        let walk = match weight.ends_with("k_lin.bias") {
            true => {
                steps.len() as f64 * run["config"]["learning_rate"].as_f64().unwrap() * (tensor.numel() as f64).sqrt()
            }
            false => 0.0,
        };
        assert!(
            (found - norm).abs() <= walk.max(1e-5 * norm.abs().max(1.0)),
            "{name}, norm of {weight}: {found}, expected {norm}"
        );
    }
}

#[test]
fn fine_tuning_follows_trl() {
    let folder = golden_path("models/gpt2-tiny");
    let tokenizer = Tokenizer::from_pretrained(&folder).unwrap();
    let pairs = lines::<PreferencePair>("train.jsonl");
    let runs = golden("sft");
    assert!(runs.len() >= 4, "{} runs", runs.len());
    for run in runs {
        let c = &run["config"];
        let with_prompts = run["columns"].as_array().unwrap().contains(&"prompt".into());
        let rows: Vec<(String, String)> = pairs
            .iter()
            .map(|pair| match with_prompts {
                true => (pair.prompt.clone(), pair.chosen.clone()),
                false => (String::new(), pair.prompt.clone() + &pair.chosen),
            })
            .collect();
        let config = SftConfig {
            max_length: c["max_length"].as_u64().map(|length| length as usize),
            packing: c["packing"].as_bool().unwrap(),
            completion_only_loss: c["completion_only_loss"].as_bool(),
            training: training(c),
            ..SftConfig::default()
        };
        let encode = |rows| config.encode(&tokenizer, rows, align_data::InvalidRows::default()).unwrap().0;
        let (train, eval) = (encode(&rows[..80]), encode(&rows[80..]));
        assert_eq!(train.len() as u64, run["rows"].as_u64().unwrap(), "{}", run["name"]);
        let policy = Gpt2::from_pretrained(&folder, Kind::Float, Device::Cpu).unwrap();
        assert_run(&run, SftTrainer::new(policy, train, config).unwrap().with_evaluation(eval).unwrap());
    }
}

#[test]
fn a_classifier_follows_transformers() {
    let folder = golden_path("models/distilbert-tiny");
    let tokenizer = Tokenizer::from_pretrained(&folder).unwrap();
    let judged = lines::<UnpairedPreference>("train_kto.jsonl");
    let texts: Vec<String> = judged.iter().map(|row| row.prompt.clone() + &row.completion).collect();
    let labels: Vec<i64> = judged.iter().map(|row| i64::from(row.label)).collect();
    let runs = golden("classification");
    assert!(runs.len() >= 2, "{} runs", runs.len());
    for run in runs {
        let max_length = Some(run["max_length"].as_u64().unwrap() as usize);
        let rows = encode_labelled_texts(&tokenizer, &texts, &labels, max_length).unwrap();
        let (train, eval) = (rows[..run["rows"].as_u64().unwrap() as usize].to_vec(), rows[80..].to_vec());
        let config = ClassificationConfig { max_length, token_dropout: 0.0, training: training(&run["config"]) };
        let policy = DistilBert::from_pretrained(&folder, Kind::Float, Device::Cpu).unwrap();
        assert_run(&run, ClassificationTrainer::new(policy, train, config).unwrap().with_evaluation(eval).unwrap());
    }
}
