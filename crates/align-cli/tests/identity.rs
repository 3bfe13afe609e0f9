//! A model's identity is its weights and its config: cached log-probabilities, checkpoints and journals of another model are rejected.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use align_data::{EncodeOptions, EncodedLabelledText, EncodedPair, PreferencePair, Tokenizer, encode_pairs};
use align_models::{
    CausalLm, DistilBert, DistilBertConfig, Gpt2, Gpt2Config, LoraConfig, LoraModel, Parameters, checkpoint,
};
use align_train::{
    ClassificationConfig, ClassificationTrainer, DpoConfig, DpoTrainer, Objective, Trainer, TrainingConfig,
};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use tch::{Device, Kind};

fn folder(name: &str) -> PathBuf {
    PathBuf::from(support::golden_path("models")).join(name)
}

/// The tiny GPT-2's weights with some fields of its config changed.
fn gpt2(fields: &Value, kind: Kind) -> Gpt2 {
    let dir = folder("gpt2-tiny");
    let mut config = serde_json::to_value(Gpt2Config::from_pretrained(&dir).unwrap()).unwrap();
    config.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    let config: Gpt2Config = serde_json::from_value(config).unwrap();
    let weights = checkpoint::load(&dir, &config.layout(), kind, Device::Cpu).unwrap();
    Gpt2::from_parameters(config, Parameters::new(weights)).unwrap()
}

fn plain() -> Gpt2 {
    gpt2(&json!({}), Kind::Float)
}

fn distilbert(fields: &Value) -> DistilBert {
    let dir = folder("distilbert-tiny");
    let mut config = serde_json::to_value(DistilBertConfig::from_pretrained(&dir).unwrap()).unwrap();
    config.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    let config: DistilBertConfig = serde_json::from_value(config).unwrap();
    let weights = checkpoint::load(&dir, &config.layout(), Kind::Float, Device::Cpu).unwrap();
    DistilBert::from_parameters(config, Parameters::new(weights)).unwrap()
}

fn pairs() -> Vec<EncodedPair> {
    let text = fs::read_to_string(support::golden_path("train.jsonl")).unwrap();
    let pairs: Vec<PreferencePair> = text.lines().take(6).map(|line| serde_json::from_str(line).unwrap()).collect();
    let tokenizer = Tokenizer::from_pretrained(folder("gpt2-tiny")).unwrap();
    encode_pairs(&tokenizer, &pairs, &EncodeOptions::default()).unwrap().pairs
}

fn training() -> TrainingConfig {
    TrainingConfig { per_device_train_batch_size: 3, max_steps: Some(2), ..TrainingConfig::default() }
}

fn dpo(policy: impl CausalLm + 'static) -> DpoTrainer {
    let config = DpoConfig { training: training(), ..DpoConfig::default() };
    DpoTrainer::new(policy, None, pairs(), config).unwrap()
}

fn first_loss(policy: Gpt2, cache: &Path) -> align_train::Result<f64> {
    let config = DpoConfig {
        training: training(),
        precompute_ref_log_probs: true,
        ref_log_probs_dir: Some(cache.to_owned()),
        ..DpoConfig::default()
    };
    Ok(DpoTrainer::new(policy, None, pairs(), config)?.next_step()?.unwrap().loss)
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// A policy that equals its reference has the loss ln 2, 0.693147. With log-probabilities cached for another config the loss would be
/// 0.698624 (eight heads) or 0.683511 (`scale_attn_by_inverse_layer_idx`).
#[test]
fn cached_log_probabilities_are_used_for_one_config_only() {
    let dir = tempfile::tempdir().unwrap();
    let all = [
        json!({}),
        json!({ "n_head": 8 }),
        json!({ "scale_attn_by_inverse_layer_idx": true }),
        json!({ "scale_attn_weights": false }),
        json!({ "activation_function": "relu" }),
        json!({ "layer_norm_epsilon": 1e-2 }),
    ];
    for (done, fields) in all.iter().enumerate() {
        for _ in 0..2 {
            let loss = first_loss(gpt2(fields, Kind::Float), dir.path()).unwrap();
            assert!((loss - 2f64.ln()).abs() < 1e-6, "{fields}: {loss}");
            assert_eq!(files(dir.path()).len(), done + 1, "{fields}");
        }
    }
    // Another model's file with this model's file name.
    let cached = files(dir.path());
    fs::copy(&cached[1], &cached[0]).unwrap();
    let refusals: Vec<String> = all
        .iter()
        .filter_map(|fields| first_loss(gpt2(fields, Kind::Float), dir.path()).err())
        .map(|e| e.to_string())
        .collect();
    let name = cached[0].file_name().unwrap().to_str().unwrap();
    assert!(matches!(&refusals[..], [one] if one.contains(name) && one.contains("Delete it")), "{refusals:?}");
}

/// Asserts that the checkpoint of `trainer(base)` cannot be resumed with any of `others`, and that the message names the difference.
fn assert_rejected<C, O: Objective>(base: C, others: Vec<(C, &str)>, trainer: impl Fn(C) -> Trainer<O>) {
    let dir = tempfile::tempdir().unwrap();
    let checkpoint = dir.path().join("checkpoint-1");
    let mut run = trainer(base);
    run.next_step().unwrap();
    run.save_checkpoint(&checkpoint).unwrap();
    for (other, part) in others {
        let mut other = trainer(other);
        let message = other.resume(&checkpoint).unwrap_err().to_string();
        assert!(message.contains("checkpoint-1") && message.contains(part), "{part}: {message}");
        assert_eq!(other.step(), 0, "{part}");
    }
}

#[test]
fn a_gpt2_run_resumes_only_with_the_same_config() {
    let float = |fields: Value| (fields, Kind::Float);
    let others = vec![
        (float(json!({ "n_head": 8 })), "n_head was 4, is now 8"),
        (
            float(json!({ "scale_attn_by_inverse_layer_idx": true })),
            "scale_attn_by_inverse_layer_idx was false, is now true",
        ),
        (float(json!({ "scale_attn_weights": false })), "scale_attn_weights was true, is now false"),
        (float(json!({ "activation_function": "relu" })), "activation_function was \"gelu_new\", is now \"relu\""),
        (float(json!({ "layer_norm_epsilon": 0.01 })), "layer_norm_epsilon"),
        (float(json!({ "attn_pdrop": 0.2 })), "attn_pdrop was 0.1, is now 0.2"),
        (float(json!({ "resid_pdrop": 0.2 })), "resid_pdrop"),
        (float(json!({ "embd_pdrop": 0.2 })), "embd_pdrop"),
        (float(json!({ "eos_token_id": 5 })), "eos_token_id was 0, is now 5"),
        ((json!({}), Kind::BFloat16), "dtype was float32, is now bfloat16"),
    ];
    assert_rejected(float(json!({})), others, |(fields, kind)| dpo(gpt2(&fields, kind)));
    // Config fields that do not affect the computation may differ.
    let dir = tempfile::tempdir().unwrap();
    dpo(plain()).save_checkpoint(&dir.path().join("checkpoint-0")).unwrap();
    let renamed = gpt2(&json!({ "transformers_version": "4.0.0", "_name_or_path": "mine" }), Kind::Float);
    dpo(renamed).resume(&dir.path().join("checkpoint-0")).unwrap();
}

#[test]
fn a_run_resumes_only_with_the_same_reference() {
    let others = vec![(json!({ "n_head": 8 }), "another reference model: n_head was 4, is now 8")];
    let config = DpoConfig { training: training(), ..DpoConfig::default() };
    assert_rejected(json!({}), others, |fields| {
        DpoTrainer::new(plain(), Some(Box::new(gpt2(&fields, Kind::Float))), pairs(), config.clone()).unwrap()
    });
}

#[test]
fn an_adapter_run_resumes_only_with_the_same_options_and_base_model() {
    let none = || json!({});
    let other = |lora: LoraConfig, part| ((none(), lora), part);
    let lora = LoraConfig::default;
    let others = vec![
        ((json!({ "n_head": 8 }), lora()), "base.n_head was 4, is now 8"),
        other(LoraConfig { lora_alpha: 16.0, ..lora() }, "adapter.lora_alpha was 8.0, is now 16.0"),
        other(LoraConfig { use_rslora: true, ..lora() }, "adapter.use_rslora"),
        other(LoraConfig { lora_dropout: 0.1, ..lora() }, "adapter.lora_dropout"),
        other(LoraConfig { r: 4, ..lora() }, "adapter.r was 8, is now 4"),
        other(LoraConfig { target_modules: vec!["c_fc".into()].into(), ..lora() }, "adapter.target_modules"),
    ];
    assert_rejected((none(), lora()), others, |(fields, lora)| {
        dpo(LoraModel::new(gpt2(&fields, Kind::Float), lora, 1).unwrap())
    });
}

#[test]
fn a_classifier_run_resumes_only_with_the_same_config() {
    let texts: Vec<EncodedLabelledText> = pairs()
        .into_iter()
        .map(|pair| EncodedLabelledText { input_ids: pair.chosen_ids, label: (pair.row % 2) as i64, row: pair.row })
        .collect();
    let config = ClassificationConfig { training: training(), max_length: None, token_dropout: 0.0 };
    let others = vec![
        (json!({ "n_heads": 8 }), "n_heads was 4, is now 8"),
        (json!({ "activation": "relu" }), "activation was \"gelu\", is now \"relu\""),
        (json!({ "dropout": 0.3 }), "dropout was 0.1, is now 0.3"),
        (json!({ "attention_dropout": 0.3 }), "attention_dropout"),
        (json!({ "seq_classif_dropout": 0.3 }), "seq_classif_dropout"),
    ];
    assert_rejected(json!({}), others, |fields| {
        ClassificationTrainer::new(distilbert(&fields), texts.clone(), config.clone()).unwrap()
    });
}

/// Changes the declared dtype of a tensor from F32 to I32. The bytes of the tensor stay the same.
fn declare_as_i32(path: &Path, name: &str) {
    let bytes = fs::read(path).unwrap();
    let (length, rest) = bytes.split_at(8);
    let (header, data) = rest.split_at(u64::from_le_bytes(length.try_into().unwrap()) as usize);
    let mut header = String::from_utf8(header.to_vec()).unwrap();
    let at = header.find(name).unwrap();
    let dtype = at + header[at..].find("F32").unwrap();
    header.replace_range(dtype..dtype + 3, "I32");
    fs::write(path, [length, header.as_bytes(), data].concat()).unwrap();
}

/// A checkpoint with a valid manifest but with tensors of the wrong dtype.
#[test]
fn integer_tensors_in_a_checkpoint_are_rejected() {
    let dir = tempfile::tempdir().unwrap();
    for (file, tensor) in [
        ("model.safetensors", "h.0.attn.c_attn.weight"),
        ("optimizer.safetensors", "exp_avg.transformer.wte.weight"),
        ("reference_logps.safetensors", "train"),
    ] {
        let at = dir.path().join(format!("checkpoint-of-{file}"));
        let mut run = dpo(plain());
        run.next_step().unwrap();
        run.save_checkpoint(&at).unwrap();
        declare_as_i32(&at.join(file), tensor);
        fs::remove_file(at.join("manifest.json")).unwrap();
        align_base::files::write_manifest(&at, "align checkpoint 2").unwrap();
        let message = dpo(plain()).resume(&at).unwrap_err().to_string();
        assert!(message.contains("Int") || message.contains("float32"), "{file}: {message}");
    }
}

#[test]
fn resuming_with_another_number_of_threads_is_rejected() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let rows = support::golden_path("train.jsonl");
    let run = |threads: &str, more: &[&str]| {
        let args = [
            "--train-file",
            &rows,
            "--output-dir",
            "run",
            "--max-steps",
            "2",
            "--save-strategy",
            "steps",
            "--save-steps",
            "1",
        ];
        let mut command = support::command(
            "dpo",
            dir,
            &[&args[..], &["--device=cpu", "--per-device-train-batch-size", "2"], more].concat(),
        );
        let ended = command.env("OMP_NUM_THREADS", threads).output().unwrap();
        (ended.status.code(), String::from_utf8(ended.stderr).unwrap())
    };
    assert_eq!(run("1", &[]).0, Some(0));
    let weights = || fs::read(dir.join("run/model/model.safetensors")).unwrap();
    let uninterrupted = weights();
    let remove_last_step = || {
        fs::remove_dir_all(dir.join("run/checkpoint-2")).unwrap();
        fs::remove_dir_all(dir.join("run/model")).unwrap();
    };
    remove_last_step();
    let (code, message) = run("2", &["--resume"]);
    assert_eq!(code, Some(1), "{message}");
    for part in ["checkpoint-1", "threads was 1, is now 2", "OMP_NUM_THREADS=1", "--allow-inexact-resume"] {
        assert!(message.contains(part), "{message} lacks {part}");
    }
    let (code, message) = run("1", &["--resume"]);
    assert!(code == Some(0) && !message.contains("threads"), "{message}");
    assert!(weights() == uninterrupted);
    remove_last_step();
    let (code, message) = run("2", &["--resume", "--allow-inexact-resume"]);
    assert_eq!(code, Some(0), "{message}");
    assert!(message.contains("threads was 1, is now 2") && message.contains("differ in rounding"), "{message}");
}
