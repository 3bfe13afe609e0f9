//! Compares LoRA adapters with PEFT's logits and TRL's steps, and lets PEFT read our adapters if Python has it. The folder `lora` was
//! written by `python/lora.py`.
//!
//! `ALIGN_PYTHON=python3 cargo test --test golden lora` runs `python/reload_adapter.py` with that interpreter.

use align_data::{EncodeOptions, PreferencePair, Tokenizer, UnpairedPreference, encode_pairs, encode_unpaired};
use align_models::{Attention, CausalLm, Gpt2, LoraBias, LoraConfig, LoraModel, Modules, TrainableModel};
use align_train::{DpoConfig, DpoTrainer, KtoConfig, KtoTrainer, Objective, SamplingStrategy, Trainer, TrainingConfig};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;
use tch::{Device, Kind, Tensor};

const ABSOLUTE: f64 = 1e-5;

/// The models and rows in this folder, to which the adapters belong, so `ALIGN_GOLDEN` has no effect here.
pub fn golden_path(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/golden")).join(name)
}

fn golden() -> Value {
    serde_json::from_str(include_str!("lora/lora.json")).unwrap()
}

pub fn base() -> Gpt2 {
    Gpt2::from_pretrained(&golden_path("data/models/gpt2-tiny"), Kind::Float, Device::Cpu).unwrap()
}

fn adapted(name: &str) -> LoraModel {
    LoraModel::from_pretrained(base(), &golden_path("lora").join(name)).unwrap()
}

/// The logits after a text.
pub fn logits(model: &impl CausalLm, ids: &[i64]) -> Vec<f64> {
    let hidden = model.hidden(&Tensor::from_slice(ids).unsqueeze(0), None, &Attention::Causal, None).unwrap();
    Vec::try_from(model.logits(&hidden.select(1, -1)).unwrap().squeeze_dim(0).to_kind(Kind::Double)).unwrap()
}

/// Compares the logits with the adapters in `folder` with those in `golden`.
pub fn assert_logits(golden: &Value, folder: &str) {
    for case in golden["logits"].as_array().unwrap() {
        let name = case["adapter"].as_str().unwrap();
        let ids: Vec<i64> = serde_json::from_value(case["input_ids"].clone()).unwrap();
        let expected: Vec<f64> = serde_json::from_value(case["logits"].clone()).unwrap();
        let model = LoraModel::from_pretrained(base(), &golden_path(folder).join(name)).unwrap();
        let near = |found: Vec<f64>, what: &str| {
            assert_eq!(found.len(), expected.len());
            for (f, e) in found.iter().zip(&expected) {
                assert!((f - e).abs() <= ABSOLUTE, "{name}, {what}: {f}, PEFT has {e}");
            }
        };
        near(logits(&model, &ids), "beside the weights");
        let dir = tempfile::tempdir().unwrap();
        model.save_pretrained(dir.path(), false).unwrap();
        near(logits(&LoraModel::from_pretrained(base(), dir.path()).unwrap(), &ids), "saved and read again");
        near(logits(&model.frozen_copy().unwrap(), &ids), "as a reference");
        let merged = model.merge_and_unload().unwrap();
        near(logits(&merged, &ids), "merged");
        let dir = tempfile::tempdir().unwrap();
        merged.save_pretrained(dir.path(), false).unwrap();
        near(logits(&Gpt2::from_pretrained(dir.path(), Kind::Float, Device::Cpu).unwrap(), &ids), "merged and saved");
        let plain = logits(&base(), &ids.iter().map(|id| *id % 1000).collect::<Vec<_>>());
        let moves = plain.iter().zip(&expected).any(|(p, e)| (p - e).abs() > 100.0 * ABSOLUTE);
        assert_eq!(moves, name != "fresh", "{name}: the base model's logits must tell");
    }
}

pub fn training(c: &Value) -> TrainingConfig {
    let number = |name: &str| c[name].as_f64().unwrap();
    TrainingConfig {
        per_device_train_batch_size: c["per_device_train_batch_size"].as_u64().unwrap() as usize,
        max_steps: c["max_steps"].as_u64(),
        learning_rate: number("learning_rate"),
        weight_decay: number("weight_decay"),
        max_grad_norm: number("max_grad_norm"),
        train_sampling_strategy: SamplingStrategy::Sequential,
        ..TrainingConfig::default()
    }
}

#[test]
fn adapters_written_by_peft_give_its_logits() {
    assert_logits(&golden(), "lora");
}

/// Compares every field of every step, and the final adapter.
pub fn assert_run<O: Objective<Model: CausalLm>>(run: &Value, mut trainer: Trainer<O>) {
    let name = run["name"].as_str().unwrap();
    for expected in run["steps"].as_array().unwrap() {
        let record = trainer.next_step().unwrap().unwrap();
        let found = serde_json::to_value(&record).unwrap();
        // Before the first step, both completions of a pair have the same reward.
        for (field, expected) in
            expected.as_object().unwrap().iter().filter(|(field, _)| record.step > 1 || *field != "rewards/accuracies")
        {
            let (e, f) = (expected.as_f64().unwrap(), found[field].as_f64().unwrap_or(f64::NAN));
            assert!(
                (f - e).abs() <= 1e-4 * e.abs() + ABSOLUTE,
                "{name}, step {}, {field}: {f}, TRL has {e}",
                record.step
            );
        }
    }
    assert!(trainer.next_step().unwrap().is_none(), "{name}: more steps than TRL");
    let policy = trainer.into_policy();
    let norms = run["final_parameter_norms"].as_object().unwrap();
    assert_eq!(norms.len(), policy.parameters().len(), "{name}");
    for (matrix, norm) in norms {
        let tensor = policy.parameters().get(matrix).unwrap_or_else(|| panic!("{name}: no matrix {matrix}"));
        let (f, e) = (tensor.to_kind(Kind::Double).norm().double_value(&[]), norm.as_f64().unwrap());
        assert!((f - e).abs() <= ABSOLUTE * e.max(1.0), "{name}, norm of {matrix}: {f}, TRL has {e}");
    }
    for (weight, tensor) in base().parameters().iter() {
        let whole = policy.parameters().get(&format!("base_model.model.{weight}")).is_some();
        let is_unchanged = policy.frozen_parameters().unwrap().get(weight).map(|frozen| frozen.equal(tensor));
        assert_eq!(is_unchanged, (!whole).then_some(true), "{name}: {weight} moved");
    }
}

pub fn rows<T: serde::de::DeserializeOwned>(run: &Value) -> Vec<T> {
    let text = std::fs::read_to_string(golden_path("data").join(run["data"].as_str().unwrap())).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn training_an_adapter_equals_trl() {
    let tokenizer = Tokenizer::from_pretrained(golden_path("data/models/gpt2-tiny")).unwrap();
    let golden = golden();
    let runs = golden["runs"].as_array().unwrap();
    assert_eq!(runs.len(), 3);
    for run in runs {
        let (policy, c) = (adapted(run["adapter"].as_str().unwrap()), &run["config"]);
        let (beta, training) = (c["beta"].as_f64().unwrap(), training(c));
        let max_length = c["max_length"].as_u64().map(|length| length as usize);
        let encoding = EncodeOptions { strip_prompt: false, max_length, ..EncodeOptions::default() };
        if run["data"] == "train_kto.jsonl" {
            let rows = encode_unpaired(&tokenizer, &rows::<UnpairedPreference>(run), &encoding).unwrap().rows;
            let config = KtoConfig { beta, max_length, training, ..KtoConfig::default() };
            assert_run(run, KtoTrainer::new(policy, None, rows, config).unwrap());
        } else {
            let pairs = encode_pairs(&tokenizer, &rows::<PreferencePair>(run), &encoding).unwrap().pairs;
            let config = DpoConfig { beta, training, ..DpoConfig::default() };
            assert_run(run, DpoTrainer::new(policy, None, pairs, config).unwrap());
        }
    }
}

/// Trains an adapter for a few steps, saves it, and returns the logits with it.
fn save_trained(options: LoraConfig, dir: &Path) -> Value {
    let tokenizer = Tokenizer::from_pretrained(golden_path("data/models/gpt2-tiny")).unwrap();
    let run = &golden()["runs"][0];
    let pairs = encode_pairs(&tokenizer, &rows::<PreferencePair>(run), &EncodeOptions::default()).unwrap().pairs;
    let config = DpoConfig { training: training(&run["config"]), ..DpoConfig::default() };
    let policy = LoraModel::new(base(), options, 5).unwrap();
    let mut trainer = DpoTrainer::new(policy, None, pairs, config).unwrap();
    trainer.by_ref().for_each(|step| drop(step.unwrap()));
    let policy = trainer.into_policy();
    policy.save_pretrained(dir, false).unwrap();
    let ids = tokenizer.encode("This movie was a joy, unlike its sequel.", true).unwrap();
    serde_json::json!({ "input_ids": ids, "logits": logits(&policy, &ids) })
}

#[test]
fn our_adapters_are_read_by_peft() {
    let dir = tempfile::tempdir().unwrap();
    let all = LoraConfig { r: 2, use_rslora: true, target_modules: Modules::all_linear(), ..LoraConfig::default() };
    let mlp = vec!["mlp.c_proj".to_owned(), "c_fc".to_owned()];
    let cases = [
        ("default", LoraConfig::default()),
        ("all", all),
        (
            "patterns",
            LoraConfig {
                rank_pattern: [("0.attn.c_attn".to_owned(), 3)].into(),
                alpha_pattern: [("c_attn".to_owned(), 2.5)].into(),
                bias: LoraBias::LoraOnly,
                modules_to_save: vec!["ln_f".to_owned()],
                layers_to_transform: Some(vec![0]),
                ..LoraConfig::default()
            },
        ),
        (
            "expression",
            LoraConfig {
                target_modules: Modules::Pattern(r".*\.c_(attn|fc)".to_owned()),
                exclude_modules: Some(Modules::Pattern(r".*1\.mlp.*".to_owned())),
                modules_to_save: vec!["wte".to_owned(), "lm_head".to_owned()],
                ..LoraConfig::default()
            },
        ),
        ("bias", LoraConfig { bias: LoraBias::All, ..LoraConfig::default() }),
        ("mlp", LoraConfig { lora_alpha: 2.5, lora_dropout: 0.1, target_modules: mlp.into(), ..LoraConfig::default() }),
    ];
    let saved = |(name, options): (&str, LoraConfig)| (name.to_owned(), save_trained(options, &dir.path().join(name)));
    let logits: serde_json::Map<String, Value> = cases.into_iter().map(saved).collect();
    read_with_peft(&Value::Object(logits), dir.path());
}

/// Compares PEFT's logits with the adapters in `dir` with the given ones, if Python has PEFT.
pub fn read_with_peft(logits: &Value, dir: &Path) {
    std::fs::write(dir.join("logits.json"), logits.to_string()).unwrap();
    let Some(python) = std::env::var_os("ALIGN_PYTHON") else { return };
    let script = golden_path("python/reload_adapter.py");
    let mut command = Command::new(python);
    command.arg(script).arg(golden_path("data/models/gpt2-tiny")).arg(dir).env("HF_HUB_OFFLINE", "1");
    let output = command.output().unwrap();
    println!("{}", String::from_utf8_lossy(&output.stdout));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
