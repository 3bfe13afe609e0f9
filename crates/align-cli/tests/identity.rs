//! A model is its weights and its config: kept log-probabilities, checkpoints and journals of another one are not taken.
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
    PathBuf::from(support::kept("models")).join(name)
}

/// The tiny GPT-2's weights under a config in which some fields are others.
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
    let text = fs::read_to_string(support::kept("train.jsonl")).unwrap();
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

fn first_loss(policy: Gpt2, kept: &Path) -> align_train::Result<f64> {
    let config = DpoConfig {
        training: training(),
        precompute_ref_log_probs: true,
        ref_log_probs_dir: Some(kept.to_owned()),
        ..DpoConfig::default()
    };
    Ok(DpoTrainer::new(policy, None, pairs(), config)?.next_step()?.unwrap().loss)
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// A policy that starts at its reference has the loss ln 2, 0.693147. Log-probabilities kept for another config gave 0.698624 with
/// eight heads, and 0.683511 with `scale_attn_by_inverse_layer_idx`.
#[test]
fn kept_log_probabilities_are_those_of_one_config() {
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
    // Another model's file under this one's name.
    let kept = files(dir.path());
    fs::copy(&kept[1], &kept[0]).unwrap();
    let refusals: Vec<String> = all
        .iter()
        .filter_map(|fields| first_loss(gpt2(fields, Kind::Float), dir.path()).err())
        .map(|e| e.to_string())
        .collect();
    let name = kept[0].file_name().unwrap().to_str().unwrap();
    assert!(matches!(&refusals[..], [one] if one.contains(name) && one.contains("Delete it")), "{refusals:?}");
}

/// Each change of `others` is refused by a run that goes on from the checkpoint of `trainer(base)`, under its name.
fn refused<C, O: Objective>(base: C, others: Vec<(C, &str)>, trainer: impl Fn(C) -> Trainer<O>) {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path().join("checkpoint-1");
    let mut run = trainer(base);
    run.next_step().unwrap();
    run.save_checkpoint(&at).unwrap();
    for (other, part) in others {
        let mut other = trainer(other);
        let said = other.resume(&at).unwrap_err().to_string();
        assert!(said.contains("checkpoint-1") && said.contains(part), "{part}: {said}");
        assert_eq!(other.step(), 0, "{part}");
    }
}

#[test]
fn a_run_of_gpt2_goes_on_with_its_own_config_alone() {
    let float = |fields: Value| (fields, Kind::Float);
    let others = vec![
        (float(json!({ "n_head": 8 })), "n_head was 4, is now 8"),
        (
            float(json!({ "scale_attn_by_inverse_layer_idx": true })),
            "scale_attn_by_inverse_layer_idx was false, is now true",
        ),
        (float(json!({ "scale_attn_weights": false })), "scale_attn_weights is true there"),
        (float(json!({ "activation_function": "relu" })), "activation_function was \"gelu_new\", is now \"relu\""),
        (float(json!({ "layer_norm_epsilon": 0.01 })), "layer_norm_epsilon"),
        (float(json!({ "attn_pdrop": 0.2 })), "attn_pdrop was 0.1, is now 0.2"),
        (float(json!({ "resid_pdrop": 0.2 })), "resid_pdrop"),
        (float(json!({ "embd_pdrop": 0.2 })), "embd_pdrop"),
        (float(json!({ "eos_token_id": 5 })), "eos_token_id was 0, is now 5"),
        ((json!({}), Kind::BFloat16), "dtype was float32, is now bfloat16"),
    ];
    refused(float(json!({})), others, |(fields, kind)| dpo(gpt2(&fields, kind)));
    // What a file of options says besides is no part of what is computed.
    let dir = tempfile::tempdir().unwrap();
    dpo(plain()).save_checkpoint(&dir.path().join("checkpoint-0")).unwrap();
    let renamed = gpt2(&json!({ "transformers_version": "4.0.0", "_name_or_path": "mine" }), Kind::Float);
    dpo(renamed).resume(&dir.path().join("checkpoint-0")).unwrap();
}

#[test]
fn a_run_goes_on_with_its_own_reference_alone() {
    let others = vec![(json!({ "n_head": 8 }), "another reference model: n_head was 4, is now 8")];
    let config = DpoConfig { training: training(), ..DpoConfig::default() };
    refused(json!({}), others, |fields| {
        DpoTrainer::new(plain(), Some(Box::new(gpt2(&fields, Kind::Float))), pairs(), config.clone()).unwrap()
    });
}

#[test]
fn a_run_of_an_adapter_goes_on_with_its_own_options_and_base_alone() {
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
    refused((none(), lora()), others, |(fields, lora)| {
        dpo(LoraModel::new(gpt2(&fields, Kind::Float), lora, 1).unwrap())
    });
}

#[test]
fn a_run_of_a_classifier_goes_on_with_its_own_config_alone() {
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
    refused(json!({}), others, |fields| {
        ClassificationTrainer::new(distilbert(&fields), texts.clone(), config.clone()).unwrap()
    });
}

/// Renames the dtype of a file's tensor whose name holds `name`; four bytes stay four bytes.
fn as_i32(path: &Path, name: &str) {
    let bytes = fs::read(path).unwrap();
    let (length, rest) = bytes.split_at(8);
    let (header, data) = rest.split_at(u64::from_le_bytes(length.try_into().unwrap()) as usize);
    let mut header = String::from_utf8(header.to_vec()).unwrap();
    let at = header.find(name).unwrap();
    let dtype = at + header[at..].find("F32").unwrap();
    header.replace_range(dtype..dtype + 3, "I32");
    fs::write(path, [length, header.as_bytes(), data].concat()).unwrap();
}

/// A checkpoint whose manifest vouches for a file that is not what a run writes.
#[test]
fn integers_are_no_weights() {
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
        as_i32(&at.join(file), tensor);
        fs::remove_file(at.join("manifest.json")).unwrap();
        align_base::files::write_manifest(&at, "align checkpoint 2").unwrap();
        let said = dpo(plain()).resume(&at).unwrap_err().to_string();
        assert!(said.contains("Int") || said.contains("float32"), "{file}: {said}");
    }
}

#[test]
fn another_number_of_threads_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let rows = support::kept("train.jsonl");
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
    let whole = weights();
    let again = || {
        fs::remove_dir_all(dir.join("run/checkpoint-2")).unwrap();
        fs::remove_dir_all(dir.join("run/model")).unwrap();
    };
    again();
    let (code, said) = run("2", &["--resume"]);
    assert_eq!(code, Some(1), "{said}");
    for part in ["checkpoint-1", "threads was 1, is now 2", "OMP_NUM_THREADS=1", "--allow-other-rounding"] {
        assert!(said.contains(part), "{said} lacks {part}");
    }
    let (code, said) = run("1", &["--resume"]);
    assert!(code == Some(0) && !said.contains("threads"), "{said}");
    assert!(weights() == whole);
    again();
    let (code, said) = run("2", &["--resume", "--allow-other-rounding"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("threads was 1, is now 2") && said.contains("other bytes"), "{said}");
}
