//! Adapters with all special features of PEFT. The folder `lora_kinds` was written by `python/lora_kinds.py`.

use crate::lora::{assert_logits, assert_run, base, golden_path, logits, read_with_peft, rows, training};
use align_data::{EncodeOptions, PreferencePair, Tokenizer, encode_pairs};
use align_models::{LoraModel, TrainableModel};
use align_train::{DpoConfig, DpoTrainer};
use serde_json::{Map, Value, json};

fn golden() -> Value {
    serde_json::from_str(include_str!("lora_kinds/lora_kinds.json")).unwrap()
}

fn adapted(name: &str) -> LoraModel {
    LoraModel::from_pretrained(base(), &golden_path("lora_kinds").join(name)).unwrap()
}

#[test]
fn adapters_of_every_kind_give_pefts_logits() {
    assert_eq!(golden()["logits"].as_array().unwrap().len(), 9);
    assert_logits(&golden(), "lora_kinds");
}

#[test]
fn training_an_adapter_with_modules_to_save_equals_trl() {
    let tokenizer = Tokenizer::from_pretrained(golden_path("data/models/gpt2-tiny")).unwrap();
    let golden = golden();
    let run = &golden["runs"][0];
    let encoding = EncodeOptions { strip_prompt: false, ..EncodeOptions::default() };
    let pairs = encode_pairs(&tokenizer, &rows::<PreferencePair>(run), &encoding).unwrap().pairs;
    let config = DpoConfig { training: training(&run["config"]), ..DpoConfig::default() };
    let policy = adapted(run["adapter"].as_str().unwrap());
    assert_run(run, DpoTrainer::new(policy, None, pairs, config).unwrap());
}

/// Adapters that were read and written again.
#[test]
fn adapters_of_every_kind_are_read_by_peft_again() {
    let dir = tempfile::tempdir().unwrap();
    let mut all = Map::new();
    for case in golden()["logits"].as_array().unwrap() {
        let name = case["adapter"].as_str().unwrap();
        let model = adapted(name);
        model.save_pretrained(&dir.path().join(name), false).unwrap();
        let ids: Vec<i64> = serde_json::from_value(case["input_ids"].clone()).unwrap();
        all.insert(name.to_owned(), json!({ "input_ids": ids, "logits": logits(&model, &ids) }));
    }
    read_with_peft(&Value::Object(all), dir.path());
}
