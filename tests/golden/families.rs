//! Models, adapters and GGUF files of each family, exchanged with transformers and PEFT, if Python has them.
//!
//! `ALIGN_PYTHON=python3 cargo test --test golden families` runs `python/reload_families.py` and `python/save_families.py` with that
//! interpreter. Without it, what was saved is read back here only.

use crate::golden_dir;
use align_data::Tokenizer;
use align_models::{
    Attention, AutoModelForCausalLm, CausalLm, GgufOptions, LoraConfig, LoraModel, Modules, TensorType, TrainableModel,
    save_gguf,
};
use serde_json::{Value, json};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use tch::{Device, Kind, Tensor};

/// Models, and the type in which their files store the weights.
const FAMILIES: [(&str, Kind); 9] = [
    ("gpt2-tiny", Kind::Float),
    ("llama-tiny", Kind::BFloat16),
    ("llama-tiny-f16-shards", Kind::Half),
    ("llama-tiny-rope3", Kind::Float),
    ("mistral-tiny", Kind::BFloat16),
    ("qwen2-tiny", Kind::Float),
    ("qwen3-tiny", Kind::Float),
    ("gemma2-tiny", Kind::Float),
    ("gemma3-tiny", Kind::Float),
];

/// Longer than the windows and original lengths of the models.
const TEXT: &str =
    "This movie was a joy, unlike its sequel: 12 people left the cinema before the end of the first half.";
const TOLERANCE: f64 = 1e-5;

fn load(path: &Path, kind: Kind) -> Box<dyn CausalLm> {
    AutoModelForCausalLm::from_pretrained(path, kind, Device::Cpu).unwrap()
}

fn logits(model: &dyn CausalLm, ids: &[i64]) -> Tensor {
    let hidden = model.hidden(&Tensor::from_slice(ids).unsqueeze(0), None, &Attention::Causal, None).unwrap();
    model.logits(&hidden.get(0)).unwrap().to_kind(Kind::Float)
}

fn assert_near(found: &Tensor, expected: &Tensor, what: &str) {
    assert_eq!(found.size(), expected.size(), "{what}");
    let off = (found - expected).abs().max().double_value(&[]);
    assert!(off <= TOLERANCE, "{what}: logits differ by {off:.1e}");
}

/// What was saved of all families, and the logits that it must give.
#[derive(Default)]
struct Saved {
    cases: Vec<Value>,
    logits: Vec<(String, Tensor)>,
}

impl Saved {
    /// `path` is the folder or file in the folder of the model; `base` is the base model of an adapter, or the folder with the config of
    /// a GGUF file.
    fn push(&mut self, kind: &str, name: &str, path: &str, base: Option<&Path>, ids: &[i64], logits: Tensor) {
        let key = format!("{name}/{path}");
        self.cases.push(json!({ "kind": kind, "path": key, "base": base, "input_ids": ids, "text": TEXT }));
        self.logits.push((key, logits));
    }
}

/// An adapter with `B` that is not 0.
fn adapter(base: Box<dyn CausalLm>, target_modules: Modules) -> LoraModel {
    let model = LoraModel::new(base, LoraConfig { r: 3, target_modules, ..LoraConfig::default() }, 5).unwrap();
    for (_, b) in model.parameters().iter().filter(|(name, _)| name.contains("lora_B")) {
        let wave = Tensor::arange(b.numel() as i64, (Kind::Float, Device::Cpu)).cos() * 0.1;
        b.shallow_clone().copy_(&wave.view_as(b));
    }
    model
}

fn save_adapters(saved: &mut Saved, name: &str, from: &Path, to: &Path, ids: &[i64]) {
    for (what, targets) in [("adapter", Modules::Default), ("adapter-all-linear", Modules::all_linear())] {
        let adapted = adapter(load(from, Kind::Float), targets);
        let expected = logits(&adapted, ids);
        adapted.save_pretrained(&to.join(what), false).unwrap();
        saved.push("adapter", name, what, Some(from), ids, expected.shallow_clone());
        if what == "adapter-all-linear" {
            let merged = adapted.merge_and_unload().unwrap();
            merged.save_pretrained(&to.join("merged"), false).unwrap();
            Tokenizer::from_pretrained(from).unwrap().save(to.join("merged"), false).unwrap();
            assert_near(&logits(&load(&to.join("merged"), Kind::Float), ids), &expected, name);
            saved.push("model", name, "merged", None, ids, expected);
        }
    }
}

/// A folder with the model as llama.cpp can compute it. The tiny models of Gemma have another scale and other layers.
fn for_gguf(name: &str, from: &Path, to: &Path) -> PathBuf {
    let folder = to.join("for-gguf");
    fs::create_dir(&folder).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::write(folder.join(entry.file_name()), fs::read(entry.path()).unwrap()).unwrap();
    }
    if name.starts_with("gemma") {
        let path = folder.join("config.json");
        let mut config: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        config["query_pre_attn_scalar"] = config["head_dim"].clone();
        if name == "gemma3-tiny" {
            config["layer_types"] = json!(["sliding_attention", "sliding_attention"]);
        }
        fs::write(&path, config.to_string()).unwrap();
    }
    folder
}

fn save_gguf_files(saved: &mut Saved, name: &str, from: &Path, to: &Path, ids: &[i64]) {
    let folder = for_gguf(name, from, to);
    let (model, tokenizer) = (load(&folder, Kind::Float), Tokenizer::from_pretrained(&folder).unwrap());
    let metadata = tokenizer.gguf_metadata(model.vocab_size()).unwrap();
    for tensor_type in [TensorType::F32, TensorType::F16, TensorType::BF16, TensorType::Q8_0] {
        let file = format!("{tensor_type}.gguf").to_lowercase();
        let options = GgufOptions { tensor_type, name: Some(name.to_owned()), overwrite: false };
        save_gguf(&to.join(&file), &*model, &metadata, &options).unwrap();
        let expected = logits(&*load(&to.join(&file), Kind::Float), ids);
        if tensor_type == TensorType::F32 {
            assert_near(&expected, &logits(&*model, ids), &format!("{name}, {file}"));
        }
        saved.push("gguf", name, &file, Some(&folder), ids, expected);
    }
}

fn python() -> Option<OsString> {
    std::env::var_os("ALIGN_PYTHON")
}

fn run_script(python: OsString, script: &str, dir: &Path) {
    let script = format!("{}/golden/python/{script}", env!("CARGO_MANIFEST_DIR"));
    let output = Command::new(python).arg(script).arg(dir).env("HF_HUB_OFFLINE", "1").output().unwrap();
    println!("{}", String::from_utf8_lossy(&output.stdout));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn families_are_loaded_by_transformers_and_peft() {
    let dir = tempfile::tempdir().unwrap();
    let mut saved = Saved::default();
    for (name, kind) in FAMILIES {
        let (from, to) = (golden_dir().join("models").join(name), dir.path().join(name));
        let tokenizer = Tokenizer::from_pretrained(&from).unwrap();
        let ids = tokenizer.encode(TEXT, true).unwrap();
        let expected = logits(&*load(&from, Kind::Float), &ids);
        load(&from, kind).save_pretrained(&to.join("model"), false).unwrap();
        tokenizer.save(to.join("model"), false).unwrap();
        assert_near(&logits(&*load(&to.join("model"), Kind::Float), &ids), &expected, name);
        saved.push("model", name, "model", None, &ids, expected);
        save_adapters(&mut saved, name, &from, &to, &ids);
        save_gguf_files(&mut saved, name, &from, &to, &ids);
    }
    let Some(python) = python() else { return };
    fs::write(dir.path().join("cases.json"), Value::Array(saved.cases).to_string()).unwrap();
    Tensor::write_safetensors(&saved.logits, dir.path().join("logits.safetensors")).unwrap();
    run_script(python, "reload_families.py", dir.path());
}

#[test]
fn families_of_transformers_and_peft_are_loaded() {
    let Some(python) = python() else {
        println!("no Python: set ALIGN_PYTHON");
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    run_script(python, "save_families.py", dir.path());
    let expected = Tensor::read_safetensors(dir.path().join("logits.safetensors")).unwrap();
    let (mut models, mut worst) = (0, 0.0_f64);
    for (key, expected) in &expected {
        let (name, what) = key.split_once('/').unwrap();
        let folder = dir.path().join(name);
        let ids: Vec<i64> = serde_json::from_str(&fs::read_to_string(folder.join("input_ids.json")).unwrap()).unwrap();
        let model = load(&folder.join("model"), Kind::Float);
        let found = match what {
            "model" => logits(&*model, &ids),
            adapter => logits(&LoraModel::from_pretrained(model, &folder.join(adapter)).unwrap(), &ids),
        };
        assert_near(&found, expected, key);
        worst = worst.max((found - expected).abs().max().double_value(&[]));
        models += i32::from(what == "model");
    }
    println!("{models} models and {} adapters of Python, logits within {worst:.1e}", expected.len() as i32 - models);
    assert!(models >= 15 && expected.len() as i32 >= 2 * models);
}
