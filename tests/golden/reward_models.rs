//! Compares the scores of reward models and classifiers with reward_models.json: decoders with a head on the last token, and DistilBERT.

use crate::{golden_dir, read_json};
use align_models::{AutoModelForSequenceClassification, SequenceClassifier};
use serde_json::Value;
use tch::{Device, Kind, Tensor};

fn matrix(value: &Value) -> Tensor {
    let rows: Vec<Vec<i64>> = serde_json::from_value(value.clone()).unwrap();
    Tensor::from_slice(&rows.concat()).view([rows.len() as i64, -1])
}

/// The models of the set, whose weights may be in the folder of another one.
fn models() -> Vec<(Value, tempfile::TempDir)> {
    let golden = read_json("reward_models.json");
    let folder = |model: &Value| {
        let dir = tempfile::tempdir().unwrap();
        let of = |name: &str| golden_dir().join(model[name].as_str().unwrap());
        std::fs::copy(of("model").join("config.json"), dir.path().join("config.json")).unwrap();
        std::fs::copy(of("weights").join("model.safetensors"), dir.path().join("model.safetensors")).unwrap();
        dir
    };
    golden["models"].as_array().unwrap().iter().map(|model| (model.clone(), folder(model))).collect()
}

fn load(dir: &tempfile::TempDir) -> Box<dyn SequenceClassifier> {
    AutoModelForSequenceClassification::from_pretrained(dir.path(), Kind::Float, Device::Cpu).unwrap()
}

fn assert_logits(what: &str, found: &Tensor, expected: &Value) {
    let expected: Vec<Vec<f64>> = serde_json::from_value(expected.clone()).unwrap();
    let found = Vec::<Vec<f64>>::try_from(found.to_kind(Kind::Double)).unwrap();
    assert_eq!(found.len(), expected.len(), "{what}");
    for (found, expected) in found.concat().iter().zip(expected.concat()) {
        assert!((found - expected).abs() < 1e-4, "{what}: {found}, transformers has {expected}");
    }
}

#[test]
fn scores_follow_transformers() {
    let models = models();
    assert!(models.len() >= 5);
    for (golden, dir) in models {
        let (name, model) = (golden["model"].as_str().unwrap(), load(&dir));
        assert_eq!(model.labels().unwrap().names().len() as i64, golden["num_labels"].as_i64().unwrap(), "{name}");
        for (number, case) in golden["cases"].as_array().unwrap().iter().enumerate() {
            let what = format!("{name}, case {number}, padding {}", case["padding"]);
            let (ids, mask) = (matrix(&case["input_ids"]), matrix(&case["attention_mask"]));
            for model in [Some(&model), model.packed().unwrap().as_ref()].into_iter().flatten() {
                let logits = tch::no_grad(|| model.logits(&ids, Some(&mask))).unwrap();
                assert_logits(&what, &logits, &case["logits"]);
            }
            if case["padding"] == "none" {
                assert_logits(&what, &tch::no_grad(|| model.logits(&ids, None)).unwrap(), &case["logits"]);
            }
        }
    }
}

/// Saved again, a model has the config that transformers needs, and the same scores.
#[test]
fn saved_models_are_the_same() {
    for (golden, dir) in models() {
        let (name, model) = (golden["model"].as_str().unwrap(), load(&dir));
        let saved = tempfile::tempdir().unwrap();
        model.save_pretrained(saved.path(), false).unwrap();
        let config = |dir: &tempfile::TempDir| -> Value {
            serde_json::from_str(&std::fs::read_to_string(dir.path().join("config.json")).unwrap()).unwrap()
        };
        let (before, after) = (config(&dir), config(&saved));
        for field in ["architectures", "id2label", "label2id", "pad_token_id", "problem_type"] {
            assert_eq!(before.get(field), after.get(field), "{name}: {field}");
        }
        let (again, case) = (load(&saved), &golden["cases"][0]);
        assert_logits(name, &again.logits(&matrix(&case["input_ids"]), None).unwrap(), &case["logits"]);
    }
}
