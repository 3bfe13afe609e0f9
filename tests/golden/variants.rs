//! The tiny models with other settings in their configs. The expected values of transformers were written by `python/variants.py`.

use align_models::checkpoint::{Checkpoint, save_safetensors};
use align_models::generation::{Generation, GenerationConfig, generate_completions};
use align_models::{Activation, Attention, CausalLm, DistilBert, Gpt2, SequenceClassifier, TrainableModel};
use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;
use tch::{Device, Kind, Tensor};

fn golden() -> Value {
    serde_json::from_str(include_str!("variants.json")).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    serde_json::from_value(value.clone()).unwrap()
}

fn ids() -> Tensor {
    let ids: Vec<i64> = serde_json::from_value(golden()["input_ids"].clone()).unwrap();
    Tensor::from_slice(&ids).unsqueeze(0)
}

/// A copy of a tiny model with `field` in its config and without the tensor `dropped`.
fn variant(name: &str, field: &str, value: Value, dropped: Option<&str>) -> tempfile::TempDir {
    let from = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/golden/data/models")).join(name);
    let dir = tempfile::tempdir().unwrap();
    let mut config: Value = serde_json::from_str(&fs::read_to_string(from.join("config.json")).unwrap()).unwrap();
    config[field] = value;
    fs::write(dir.path().join("config.json"), config.to_string()).unwrap();
    let checkpoint = Checkpoint::open(&from).unwrap();
    let names = checkpoint.entries().iter().map(|entry| entry.name()).filter(|name| Some(*name) != dropped);
    let tensors: Vec<_> = names.map(|name| (name, checkpoint.read(name).unwrap())).collect();
    assert_eq!(tensors.len() + usize::from(dropped.is_some()), checkpoint.entries().len());
    let tensors = tensors.iter().map(|(name, tensor)| (*name, tensor));
    save_safetensors(&dir.path().join("model.safetensors"), tensors, false).unwrap();
    dir
}

fn near(found: &Tensor, expected: &Value, what: &str) {
    let (found, expected) = (Vec::<f64>::try_from(found.to_kind(Kind::Double)).unwrap(), numbers(expected));
    assert_eq!(found.len(), expected.len(), "{what}");
    for (f, e) in found.iter().zip(&expected) {
        assert!((f - e).abs() <= 2e-6 * e.abs().max(1.0), "{what}: {f}, transformers has {e}");
    }
}

#[test]
fn activations_are_those_of_transformers_under_all_of_its_names() {
    let golden = golden();
    let x = Tensor::from_slice(&numbers(&golden["x"])).to_kind(Kind::Float);
    let activations = golden["activations"].as_object().unwrap();
    assert_eq!(activations.len(), 22);
    for (name, expected) in activations {
        let activation: Activation = serde_json::from_value(json!(name)).unwrap();
        near(&activation.forward(&x).unwrap(), expected, name);
        // The saved name is one that transformers knows for the same function.
        let saved = serde_json::to_value(activation).unwrap();
        near(&activation.forward(&x).unwrap(), &activations[saved.as_str().unwrap()], name);
    }
    for (name, expected) in golden["logits"].as_object().unwrap() {
        let dir = variant("gpt2-tiny", "activation_function", json!(name), None);
        let model = Gpt2::from_pretrained(dir.path(), Kind::Float, Device::Cpu).unwrap();
        let hidden = model.hidden(&ids(), None, &Attention::Causal, None).unwrap();
        let logits = model.logits(&hidden.select(1, -1)).unwrap().squeeze_dim(0);
        let spread = numbers(expected).iter().fold(0.0_f64, |most, x| most.max(x.abs()));
        near(&(&logits / spread), &json!(numbers(expected).iter().map(|x| x / spread).collect::<Vec<_>>()), name);
    }
}

#[test]
fn sinusoidal_positions_that_are_not_stored_are_computed() {
    let positions = "distilbert.embeddings.position_embeddings.weight";
    let dir = variant("distilbert-tiny", "sinusoidal_pos_embds", json!(true), Some(positions));
    let model = DistilBert::from_pretrained(dir.path(), Kind::Float, Device::Cpu).unwrap();
    near(&model.logits(&ids(), None).unwrap().squeeze_dim(0), &golden()["sinusoidal"], "logits");
    let learned = variant("distilbert-tiny", "sinusoidal_pos_embds", json!(false), Some(positions));
    let problem = DistilBert::from_pretrained(learned.path(), Kind::Float, Device::Cpu).unwrap_err().to_string();
    assert!(problem.contains("missing (1)") && problem.contains(positions), "{problem}");
}

#[test]
fn each_of_several_ids_in_config_json_ends_a_text() {
    let golden = golden();
    let dir = variant("gpt2-tiny", "eos_token_id", golden["eos_token_id"].clone(), None);
    let model = Gpt2::from_pretrained(dir.path(), Kind::Float, Device::Cpu).unwrap();
    assert_eq!(json!(model.eos_token_ids()), golden["eos_token_id"]);
    let options = GenerationConfig { max_new_tokens: Some(12), ..GenerationConfig::default() };
    let prompt: Vec<i64> = serde_json::from_value(golden["input_ids"].clone()).unwrap();
    let text = generate_completions(&model, std::slice::from_ref(&prompt), &Generation::new(options).unwrap(), 1)
        .unwrap()
        .remove(0);
    let expected: Vec<i64> = serde_json::from_value(golden["generated"].clone()).unwrap();
    // EOS itself is not included.
    assert_eq!(
        (prompt.iter().chain(&text.ids).copied().collect::<Vec<_>>(), text.finished),
        (expected[..expected.len() - 1].to_vec(), true)
    );
    let saved = tempfile::tempdir().unwrap();
    model.save_pretrained(saved.path(), false).unwrap();
    let config: Value = serde_json::from_str(&fs::read_to_string(saved.path().join("config.json")).unwrap()).unwrap();
    assert_eq!(config["eos_token_id"], golden["eos_token_id"]);
}
