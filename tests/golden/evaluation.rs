//! Compares evaluations with several batch sizes with evaluation.json, where each of five held-out rows was computed separately in float64.

use align_data::{EncodeOptions, PreferencePair, Tokenizer, UnpairedPreference, encode_pairs, encode_unpaired};
use align_losses::LossType;
use align_models::{CausalLm, Gpt2, TrainableModel};
use align_train::objective::{Cpo, Dpo, Kto, Sft};
use align_train::{
    CpoConfig, DpoConfig, EvaluationRecord, KtoConfig, KtoLossType, Objective, SftConfig, Trainer, TrainingConfig,
};
use serde_json::Value;
use std::path::{Path, PathBuf};
use tch::{Device, Kind};

const ROWS: usize = 5;

/// The script uses the model and the texts in this folder, so `ALIGN_GOLDEN` has no effect here.
fn golden_path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("golden").join(name)
}

fn golden() -> Value {
    serde_json::from_str(&std::fs::read_to_string(golden_path("evaluation.json")).unwrap()).unwrap()
}

fn tokenizer() -> Tokenizer {
    Tokenizer::from_pretrained(golden_path("data/models/gpt2-tiny")).unwrap()
}

fn policy() -> Gpt2 {
    Gpt2::from_pretrained(&golden_path("data/models/gpt2-tiny"), Kind::Float, Device::Cpu).unwrap()
}

fn reference() -> Option<Box<dyn CausalLm>> {
    let model = policy();
    for (name, factor) in golden()["reference"].as_object().unwrap() {
        let weight = model.parameters().get(name).unwrap();
        tch::no_grad(|| drop(weight.shallow_clone().g_mul_scalar_(factor.as_f64().unwrap())));
    }
    Some(Box::new(model))
}

fn texts() -> Vec<PreferencePair> {
    let text = std::fs::read_to_string(golden_path("data/train.jsonl")).unwrap();
    text.lines().take(ROWS).map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Evaluates the rows in batches of several sizes.
fn assert_evaluations<O: Objective>(name: &str, rows: &[O::Row], objective: impl Fn(TrainingConfig) -> O)
where
    O::Row: Clone,
{
    let expected = &golden()["expected"][name];
    let sizes = [1, 2, 5];
    let evaluate = |size: &usize| -> EvaluationRecord {
        let training = TrainingConfig {
            per_device_train_batch_size: 2,
            per_device_eval_batch_size: *size,
            ..TrainingConfig::default()
        };
        // Four training rows, which are not used.
        let trainer = Trainer::from_objective(objective(training), rows[..4].to_vec()).unwrap();
        trainer.with_evaluation(rows.to_vec()).unwrap().evaluate().unwrap()
    };
    let records: Vec<EvaluationRecord> = sizes.iter().map(evaluate).collect();
    for (metric, value) in expected.as_object().unwrap() {
        let value = value.as_f64().unwrap();
        for (size, record) in sizes.iter().zip(&records) {
            let found = record.get(metric).unwrap_or(f64::NAN);
            // float32 against float64. Log-ratios are differences of sums of the order of 100, whose last digit is 8e-6; how many such steps a
            // sum is off depends on the processor.
            let near = (found - value).abs() <= 4e-5 * value.abs().max(1.0);
            assert!(near, "{name}, {metric}, batches of {size}: {found}, expected {value}");
        }
    }
}

fn pairs() -> Vec<align_data::EncodedPair> {
    encode_pairs(&tokenizer(), &texts(), &EncodeOptions::default()).unwrap().pairs
}

#[test]
fn dpo_is_evaluated_alike_in_batches_of_any_size() {
    for (name, loss_type, loss_weights) in [
        ("dpo", vec![LossType::Sigmoid], None),
        ("dpo_sft", vec![LossType::Sft], None),
        ("dpo_sigmoid_sft", vec![LossType::Sigmoid, LossType::Sft], Some(vec![0.8, 0.5])),
    ] {
        assert_evaluations(name, &pairs(), |training| {
            let (loss_type, loss_weights) = (loss_type.clone(), loss_weights.clone());
            let config = DpoConfig { loss_type, loss_weights, training, ..DpoConfig::default() };
            Dpo::new(policy(), reference(), config).unwrap()
        });
    }
}

#[test]
fn cpo_is_evaluated_alike_in_batches_of_any_size() {
    let objective = |training| Cpo::new(policy(), CpoConfig { training, ..CpoConfig::default() }).unwrap();
    assert_evaluations("cpo", &pairs(), objective);
}

#[test]
fn sft_is_evaluated_alike_in_batches_of_any_size() {
    let rows: Vec<(String, String)> = texts().into_iter().map(|pair| (pair.prompt, pair.chosen)).collect();
    let (rows, _) = SftConfig::default().encode(&tokenizer(), &rows, align_data::InvalidRows::default()).unwrap();
    assert_evaluations("sft", &rows, |training| {
        Sft::new(policy(), SftConfig { training, ..SftConfig::default() }).unwrap()
    });
}

#[test]
fn kto_is_evaluated_alike_in_batches_of_any_size() {
    let golden = golden();
    let liked = golden["liked"].as_array().unwrap().iter().map(|label| label.as_bool().unwrap());
    let rows: Vec<UnpairedPreference> = texts()
        .into_iter()
        .zip(liked)
        .map(|(pair, label)| UnpairedPreference::new(pair.prompt, pair.chosen, label))
        .collect();
    let rows = encode_unpaired(&tokenizer(), &rows, &EncodeOptions::default()).unwrap().rows;
    for (name, loss_type) in [("kto", KtoLossType::Kto), ("apo_zero_unpaired", KtoLossType::ApoZeroUnpaired)] {
        assert_evaluations(name, &rows, |training| {
            Kto::new(policy(), reference(), KtoConfig { loss_type, training, ..KtoConfig::default() }).unwrap()
        });
    }
}
