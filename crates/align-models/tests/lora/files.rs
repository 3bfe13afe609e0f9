//! Files of an adapter: saving, loading, and files that are rejected.

use super::{A, ALL, B, base, config, logits, trained};
use align_models::checkpoint::{Checkpoint, save_safetensors};
use align_models::{Gpt2, LoraConfig, LoraModel, TrainableModel};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use tch::{Device, Kind};

const CONFIG: &str = "adapter_config.json";
const WEIGHTS: &str = "adapter_model.safetensors";

#[test]
fn saved_adapters_are_loaded_again() {
    let dir = tempfile::tempdir().unwrap();
    let options = LoraConfig {
        use_rslora: true,
        lora_dropout: 0.25,
        base_model_name_or_path: Some("user/gpt2".into()),
        ..config(ALL)
    };
    let model = trained(options.clone(), Kind::Float);
    model.save_pretrained(dir.path(), false).unwrap();
    let mut files: Vec<_> =
        fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    files.sort();
    assert_eq!(files, [CONFIG, WEIGHTS]);

    let json: Value = serde_json::from_str(&fs::read_to_string(dir.path().join(CONFIG)).unwrap()).unwrap();
    for (name, value) in [
        ("peft_type", json!("LORA")),
        ("task_type", json!("CAUSAL_LM")),
        ("r", json!(4)),
        ("lora_alpha", json!(16)),
        ("lora_dropout", json!(0.25)),
        ("target_modules", json!("all-linear")),
        ("fan_in_fan_out", json!(true)),
        ("use_rslora", json!(true)),
        ("bias", json!("none")),
        ("inference_mode", json!(true)),
        ("base_model_name_or_path", json!("user/gpt2")),
    ] {
        assert_eq!(json[name], value, "{name}");
    }
    let stored = Checkpoint::open_safetensors(&dir.path().join(WEIGHTS)).unwrap();
    let shape = |name: &str| stored.entries().iter().find(|entry| entry.name() == name).unwrap().shape().to_vec();
    assert_eq!((shape(A), shape(B)), (vec![4, 64], vec![192, 4]));

    let again = LoraModel::from_pretrained(base(Kind::Float), dir.path()).unwrap();
    let LoraConfig { r, lora_alpha, lora_dropout, target_modules, use_rslora, .. } = again.lora_config();
    assert_eq!((*r, *lora_alpha, *lora_dropout, *use_rslora), (4, 16.0, 0.25, true));
    assert_eq!(target_modules, &options.target_modules);
    assert!(logits(&again).equal(&logits(&model)));
    let refused = model.save_pretrained(dir.path(), false).unwrap_err().to_string();
    assert!(refused.contains("exists already"), "{refused}");
    again.save_pretrained(dir.path(), true).unwrap();
    assert!(logits(&LoraModel::from_pretrained(base(Kind::Float), dir.path()).unwrap()).equal(&logits(&model)));
}

/// The error of loading an adapter for `c_attn` after `spoil` has changed its files.
fn spoiled(spoil: impl FnOnce(&Path)) -> String {
    let dir = tempfile::tempdir().unwrap();
    trained(config("c_attn"), Kind::Float).save_pretrained(dir.path(), false).unwrap();
    spoil(dir.path());
    LoraModel::from_pretrained(base(Kind::Float), dir.path()).unwrap_err().to_string()
}

fn with_option(name: &str, value: Value) -> impl FnOnce(&Path) {
    let name = name.to_owned();
    move |dir| {
        let path = dir.join(CONFIG);
        let mut json: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        json[name] = value;
        fs::write(path, json.to_string()).unwrap();
    }
}

#[test]
fn unsupported_peft_options_are_rejected_by_name() {
    for (name, value) in [
        ("peft_type", json!("PREFIX_TUNING")),
        ("peft_type", Value::Null),
        ("task_type", json!("SEQ_CLS")),
        ("bias", json!("some")),
        ("init_lora_weights", json!("pissa_niter_16")),
        ("use_dora", json!(true)),
        ("rank_pattern", json!({"c_attn": 0})),
        ("rank_pattern", json!({"c_attn(": 2})),
        ("alpha_pattern", json!({"c_attn": -2})),
        ("modules_to_save", json!([""])),
        ("layers_to_transform", json!("first")),
        ("layers_pattern", json!("h")),
        ("target_modules", json!("(?<=h).*c_attn")),
        ("megatron_config", json!({"tensor_model_parallel_size": 2})),
        ("init_lora_weights", json!("loftq")),
        ("alora_invocation_tokens", json!([5])),
        ("use_qalora", json!(true)),
        ("trainable_token_indices", json!([1])),
        ("lora_bias", json!(true)),
        ("an_option_of_next_year", json!(1)),
        ("r", json!(0)),
        ("r", json!(1_u64 << 40)),
        ("lora_alpha", json!(-1)),
        ("lora_dropout", json!(1.0)),
        ("target_modules", json!([])),
        ("target_modules", json!(".*attn.*")),
        ("target_modules", json!(["q_proj"])),
        ("exclude_modules", json!(["c_attn"])),
        ("target_modules", json!(["wte"])),
        ("target_modules", json!(["attn"])),
    ] {
        let problem = spoiled(with_option(name, value.clone()));
        assert!(problem.contains(CONFIG) && problem.contains(name), "{name} {value}: {problem}");
    }
}

#[test]
fn unset_peft_options_are_kept() {
    let dir = tempfile::tempdir().unwrap();
    trained(config("c_attn"), Kind::Float).save_pretrained(dir.path(), false).unwrap();
    for (name, value) in [
        ("fan_in_fan_out", json!(false)),
        ("use_dora", json!(false)),
        ("rank_pattern", json!({})),
        ("modules_to_save", Value::Null),
        ("layers_to_transform", Value::Null),
        ("an_option_of_next_year", json!(false)),
        ("qalora_group_size", json!(16)),
        ("megatron_core", json!("megatron.core")),
        ("init_lora_weights", json!("gaussian")),
        ("revision", json!("main")),
        ("auto_mapping", json!({"base_model_class": "GPT2LMHeadModel"})),
    ] {
        with_option(name, value)(dir.path());
    }
    let model = LoraModel::from_pretrained(base(Kind::Float), dir.path()).unwrap();
    let again = tempfile::tempdir().unwrap();
    model.save_pretrained(again.path(), false).unwrap();
    let json: Value = serde_json::from_str(&fs::read_to_string(again.path().join(CONFIG)).unwrap()).unwrap();
    assert_eq!((&json["fan_in_fan_out"], &json["revision"]), (&json!(true), &json!("main")));
    assert_eq!(json["init_lora_weights"], json!("gaussian"));
}

#[test]
fn damaged_and_mismatching_files_are_rejected() {
    let says = |problem: String, parts: &[&str]| {
        assert!(parts.iter().all(|part| problem.contains(part)), "{problem}");
    };
    says(spoiled(|dir| fs::remove_file(dir.join(CONFIG)).unwrap()), &[CONFIG]);
    says(spoiled(|dir| fs::remove_file(dir.join(WEIGHTS)).unwrap()), &[WEIGHTS]);
    says(spoiled(|dir| fs::write(dir.join(CONFIG), "{").unwrap()), &[CONFIG, "is not an adapter's config"]);
    says(spoiled(|dir| fs::write(dir.join(CONFIG), "[]").unwrap()), &[CONFIG]);
    says(spoiled(with_option("r", json!("four"))), &[CONFIG]);
    let cut = |dir: &Path| {
        let bytes = fs::read(dir.join(WEIGHTS)).unwrap();
        fs::write(dir.join(WEIGHTS), &bytes[..bytes.len() / 2]).unwrap();
    };
    says(spoiled(cut), &[WEIGHTS, "truncated"]);
    says(spoiled(with_option("r", json!(8))), &[WEIGHTS, CONFIG, A, "expected shape [8, 64], found [4, 64]"]);
    says(spoiled(with_option("target_modules", json!(["c_fc"]))), &[WEIGHTS, "missing", "mlp.c_fc", "unexpected", A]);
    let without_b = |dir: &Path| {
        let tensors = Checkpoint::open_safetensors(&dir.join(WEIGHTS)).unwrap();
        let a = tensors.read(A).unwrap();
        save_safetensors(&dir.join(WEIGHTS), [(A, &a)], true).unwrap();
    };
    says(spoiled(without_b), &[WEIGHTS, "missing", B]);
    let integers = |dir: &Path| {
        let tensors = Checkpoint::open_safetensors(&dir.join(WEIGHTS)).unwrap();
        let all: Vec<_> = tensors
            .entries()
            .iter()
            .map(|e| (e.name(), tensors.read(e.name()).unwrap().to_kind(Kind::Int64)))
            .collect();
        save_safetensors(&dir.join(WEIGHTS), all.iter().map(|(name, tensor)| (*name, tensor)), true).unwrap();
    };
    says(spoiled(integers), &[WEIGHTS, "floating-point"]);
}

#[test]
fn a_folder_with_only_an_adapter_is_an_error_that_names_the_base_model() {
    let dir = tempfile::tempdir().unwrap();
    let base_of = || LoraConfig::base_of_adapter(dir.path());
    assert_eq!(base_of().unwrap(), None);
    trained(config("c_attn"), Kind::Float).save_pretrained(dir.path(), false).unwrap();
    let problem = base_of().unwrap_err().to_string();
    assert!(problem.contains(CONFIG) && problem.contains("base_model_name_or_path"), "{problem}");
    with_option("base_model_name_or_path", json!("user/base"))(dir.path());
    assert_eq!(base_of().unwrap().as_deref(), Some("user/base"));
    let problem = Gpt2::from_pretrained(dir.path(), Kind::Float, Device::Cpu).unwrap_err().to_string();
    assert!(problem.contains("config.json") && problem.contains("holds only an adapter"), "{problem}");
    fs::write(dir.path().join("config.json"), "{}").unwrap();
    assert_eq!(base_of().unwrap(), None);
}
