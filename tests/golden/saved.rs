//! Models written by `save_pretrained` are read back bitwise equal, and by transformers if Python has it.
//!
//! `ALIGN_PYTHON=python3 cargo test --test golden saved` runs `python/reload.py` with that interpreter.

use crate::golden_dir;
use align_data::Tokenizer;
use align_models::{
    Attention, AutoModelForSequenceClassification, CausalLm, DistilBert, Gpt2, ModelResolver, NewHead, Parameters,
    SequenceClassifier, TrainableModel,
};
use std::path::Path;
use std::process::Command;
use tch::{Device, Kind, Tensor};

const TEXT: &str = "This movie was a joy, unlike its sequel.";

fn assert_same_weights(a: &Parameters, b: &Parameters) {
    assert_eq!(a.len(), b.len());
    for (name, tensor) in a.iter() {
        assert!(tensor.equal(b.get(name).unwrap_or_else(|| panic!("{name} is gone"))), "{name} changed");
    }
}

fn save_gpt2(dir: &Path) -> serde_json::Value {
    let from = golden_dir().join("models/gpt2-tiny");
    let model = Gpt2::from_pretrained(&from, Kind::Float, Device::Cpu).unwrap();
    let tokenizer = Tokenizer::from_pretrained(&from).unwrap();
    model.save_pretrained(dir, false).unwrap();
    tokenizer.save(dir, false).unwrap();
    let again = Gpt2::from_pretrained(dir, Kind::Float, Device::Cpu).unwrap();
    assert_same_weights(model.parameters(), again.parameters());
    assert_eq!(model.config().extra.get("model_type"), again.config().extra.get("model_type"));
    let ids = tokenizer.encode(TEXT, true).unwrap();
    let hidden = again.hidden(&Tensor::from_slice(&ids).unsqueeze(0), None, &Attention::Causal, None).unwrap();
    let logits = hidden.select(0, 0).select(0, -1).matmul(&again.head().tr());
    serde_json::json!({ "input_ids": ids, "logits": Vec::<f64>::try_from(logits.to_kind(Kind::Double)).unwrap() })
}

fn save_distilbert(dir: &Path) -> serde_json::Value {
    let from = golden_dir().join("models/distilbert-tiny");
    let model = DistilBert::from_pretrained(&from, Kind::Float, Device::Cpu).unwrap();
    let tokenizer = Tokenizer::from_pretrained(&from).unwrap();
    model.save_pretrained(dir, false).unwrap();
    tokenizer.save(dir, false).unwrap();
    let again = DistilBert::from_pretrained(dir, Kind::Float, Device::Cpu).unwrap();
    assert_same_weights(model.parameters(), again.parameters());
    let ids = tokenizer.encode(TEXT, true).unwrap();
    serde_json::json!({ "input_ids": ids, "logits": again.classify(std::slice::from_ref(&ids), 1, &mut |_| ()).unwrap()[0] })
}

/// A language model with a new head of one output, as `align reward` starts from it.
fn save_reward_model(name: &str, dir: &Path) -> serde_json::Value {
    let from = golden_dir().join("models").join(name);
    let (head, resolver) = (NewHead { num_labels: 1, seed: 3 }, &mut ModelResolver::default());
    let load = AutoModelForSequenceClassification::from_pretrained_for_training;
    let (mut model, is_new) = load(&from, head, resolver, Kind::Float, Device::Cpu).unwrap();
    assert!(is_new, "{name}");
    let tokenizer = Tokenizer::from_pretrained(&from).unwrap();
    model.set_pad_token_id(tokenizer.pad_token_id().or(tokenizer.eos_token_id()).unwrap());
    model.save_pretrained(dir, false).unwrap();
    tokenizer.save(dir, false).unwrap();
    let again = AutoModelForSequenceClassification::from_pretrained(dir, Kind::Float, Device::Cpu).unwrap();
    assert_same_weights(model.parameters(), again.parameters());
    let ids = tokenizer.encode(TEXT, true).unwrap();
    serde_json::json!({ "input_ids": ids, "logits": again.classify(std::slice::from_ref(&ids), 1, &mut |_| ()).unwrap()[0] })
}

#[test]
fn saved_models_are_read_back_here_and_by_transformers() {
    let dir = tempfile::tempdir().unwrap();
    let mut logits = serde_json::json!({
        "text": TEXT,
        "gpt2": save_gpt2(&dir.path().join("gpt2")),
        "distilbert": save_distilbert(&dir.path().join("distilbert")),
    });
    for name in ["gpt2-tiny", "llama-tiny", "mistral-tiny", "qwen2-tiny", "qwen3-tiny", "gemma2-tiny", "gemma3-tiny"] {
        logits[name] = save_reward_model(name, &dir.path().join(name));
    }
    std::fs::write(dir.path().join("logits.json"), logits.to_string()).unwrap();
    let Some(python) = std::env::var_os("ALIGN_PYTHON") else { return };
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/golden/python/reload.py");
    let output = Command::new(python).arg(script).arg(dir.path()).env("HF_HUB_OFFLINE", "1").output().unwrap();
    println!("{}", String::from_utf8_lossy(&output.stdout));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_saved_model_is_not_overwritten_unless_asked() {
    let dir = tempfile::tempdir().unwrap();
    let from = golden_dir().join("models/gpt2-tiny");
    let model = Gpt2::from_pretrained(&from, Kind::Float, Device::Cpu).unwrap();
    model.save_pretrained(dir.path(), false).unwrap();
    let refused = model.save_pretrained(dir.path(), false).unwrap_err().to_string();
    assert!(refused.contains("exists already"), "{refused}");
    model.save_pretrained(dir.path(), true).unwrap();
}
