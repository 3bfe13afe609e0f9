//! Compares the decoders since Llama with decoder_logits.json and decoder_generate.json: every architecture, rotary embedding and form of
//! config.

use crate::models::{LogitsCase, LogpsCase};
use crate::{golden_dir, read_json};
use align_inference::{PromptCompletion, completion_logps};
use align_models::generation::{Generation, GenerationConfig, generate};
use align_models::{Attention, AutoModelForCausalLm, CausalLm, KvCache, ModelIdentity, SharedTokenRows, checkpoint};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use tch::{Device, Kind, Tensor};

const ABSOLUTE: f64 = 1e-4;

#[derive(Deserialize)]
struct Logits {
    models: Vec<OfModel>,
}

#[derive(Deserialize)]
struct OfModel {
    model: String,
    cases: Vec<LogitsCase>,
    sequence_logps: Vec<LogpsCase>,
}

fn read<T: DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

fn golden() -> Vec<OfModel> {
    read::<Logits>(read_json("decoder_logits.json")).models
}

fn matrix(rows: &[Vec<i64>]) -> Tensor {
    Tensor::from_slice(&rows.concat()).view([rows.len() as i64, -1])
}

/// The folder of a model. A folder with `weights.txt` holds only a config for the weights of another.
fn folder(name: &str, scratch: &Path) -> PathBuf {
    let own = golden_dir().join(name);
    let Ok(other) = fs::read_to_string(own.join("weights.txt")) else { return own };
    let target = scratch.join(own.file_name().unwrap());
    if !target.exists() {
        fs::create_dir(&target).unwrap();
        fs::copy(own.join("config.json"), target.join("config.json")).unwrap();
        link_weights(&golden_dir().join("models").join(other.trim()), &target);
    }
    target
}

/// Copies everything but the config.
fn link_weights(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.file_name() != "config.json" {
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

fn load(dir: &Path) -> Box<dyn CausalLm> {
    AutoModelForCausalLm::from_pretrained(dir, Kind::Float, Device::Cpu).unwrap()
}

fn last_real(model: &dyn CausalLm, hidden: &Tensor, mask: &[Vec<i64>]) -> Vec<Vec<f64>> {
    let at = |row: usize| mask[row].iter().rposition(|m| *m == 1).unwrap() as i64;
    let logits = |row: usize| model.logits(&hidden.get(row as i64).get(at(row))).unwrap().to_kind(Kind::Double);
    (0..mask.len()).map(|row| Vec::try_from(logits(row)).unwrap()).collect()
}

fn assert_near(found: &[f64], expected: &[f64], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (f, e) in found.iter().zip(expected) {
        assert!((f - e).abs() <= ABSOLUTE, "{what}: {f}, expected {e}");
    }
}

fn assert_all_near(found: &[Vec<f64>], expected: &[Vec<f64>], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    found.iter().zip(expected).for_each(|(found, expected)| assert_near(found, expected, what));
}

fn assert_logits(model: &dyn CausalLm, cases: &[LogitsCase], what: &str) {
    for case in cases {
        let (ids, mask) = (matrix(&case.input_ids), matrix(&case.attention_mask));
        let positions = matrix(&case.position_ids);
        let hidden = model.hidden(&ids, Some(&positions), &Attention::Padded(&mask), None).unwrap();
        let what = format!("{what}, {} padding", case.padding);
        assert_all_near(&last_real(model, &hidden, &case.attention_mask), &case.logits_last_real, &what);
        if case.padding != "left" && !(what.contains("dynamic") && case.padding == "right") {
            let hidden = model.hidden(&ids, None, &Attention::Causal, None).unwrap();
            let what = format!("{what}, causal attention");
            assert_all_near(&last_real(model, &hidden, &case.attention_mask), &case.logits_last_real, &what);
        }
    }
}

#[test]
fn logits_with_every_padding_and_packed() {
    let scratch = tempfile::tempdir().unwrap();
    let golden = golden();
    assert_eq!(golden.len(), 12);
    for OfModel { model: name, cases, .. } in &golden {
        let model = load(&folder(name, scratch.path()));
        assert_logits(&model, cases, name);
        if let Some(packed) = model.packed().unwrap() {
            assert_logits(&packed, cases, &format!("{name}, packed"));
        }
        assert_logits(&model.frozen_copy().unwrap(), cases, &format!("{name}, a copy"));
    }
}

#[test]
fn both_forms_of_a_config_are_the_same_model() {
    let scratch = tempfile::tempdir().unwrap();
    let old_style = read_json("configs_old_style.json");
    for OfModel { model: name, cases, .. } in golden() {
        let new = folder(&name, scratch.path());
        let old = tempfile::tempdir().unwrap();
        link_weights(&new, old.path());
        fs::write(old.path().join("config.json"), old_style[&name].to_string()).unwrap();
        let (new, old) = (load(&new), load(old.path()));
        assert_logits(&old, &cases, &format!("{name}, old form"));
        assert_eq!(ModelIdentity::of(&new).unwrap(), ModelIdentity::of(&old).unwrap(), "{name}");
    }
}

/// Feeds a first chunk of five tokens, then one token at a time, then what is left at once.
fn through_the_cache(model: &dyn CausalLm, case: &LogitsCase, cache: &mut KvCache) -> Tensor {
    let (ids, mask, positions) = (matrix(&case.input_ids), matrix(&case.attention_mask), matrix(&case.position_ids));
    let seq = ids.size2().unwrap().1;
    let (mut hidden, mut from) = (Vec::new(), 0);
    while from < seq {
        let len = if from == 0 {
            seq.min(5)
        } else if from < 40 {
            1
        } else {
            seq - from
        };
        let (ids, positions) = (ids.narrow(1, from, len), positions.narrow(1, from, len));
        let seen = mask.narrow(1, 0, from + len);
        hidden.push(model.hidden(&ids, Some(&positions), &Attention::Padded(&seen), Some(cache)).unwrap());
        from += len;
    }
    Tensor::cat(&hidden, 1)
}

#[test]
fn logits_through_the_cache() {
    let scratch = tempfile::tempdir().unwrap();
    // Dynamic rotary embeddings leave cached keys as they were rotated: decoder_generate.json has these cases.
    for OfModel { model: name, cases, .. } in golden().into_iter().filter(|of| !of.model.contains("dynamic")) {
        let model = load(&folder(&name, scratch.path()));
        for case in &cases {
            let (batch, seq) = (case.input_ids.len() as i64, case.input_ids[0].len() as i64);
            let hidden = through_the_cache(&model, case, &mut model.new_cache(batch, seq));
            let what = format!("{name}, {} padding, cached", case.padding);
            assert_all_near(&last_real(&model, &hidden, &case.attention_mask), &case.logits_last_real, &what);
        }
    }
}

#[test]
fn rows_that_share_their_first_tokens() {
    let scratch = tempfile::tempdir().unwrap();
    for OfModel { model: name, cases, .. } in golden() {
        let model = load(&folder(&name, scratch.path()));
        let whole = &cases[2].input_ids[0];
        let (len, shared) = (whole.len() as i64, 20);
        // The second row is the first 20 tokens, then the last one of the text.
        let rows = SharedTokenRows::new(&[(0..len).collect(), (0..shared).chain([len]).collect()], Device::Cpu);
        let rows = rows.unwrap();
        let ids: Vec<i64> = whole.iter().chain(whole.last()).copied().collect();
        let positions: Vec<i64> = (0..len).chain([shared]).collect();
        let row = |numbers: &[i64]| Tensor::from_slice(numbers).unsqueeze(0);
        let attention = Attention::SharedTokens { rows: &rows, attention_mask: None };
        let hidden = model.hidden(&row(&ids), Some(&row(&positions)), &attention, None).unwrap();
        let found = last_real(&model, &hidden, &[vec![1; len as usize]]);
        assert_all_near(&found, &cases[2].logits_last_real, &name);
        let alone: Vec<i64> = whole[..shared as usize].iter().chain(whole.last()).copied().collect();
        // Dynamic rotary embeddings depend on the longest row.
        if !name.contains("dynamic") {
            let expected = model.hidden(&row(&alone), None, &Attention::Causal, None).unwrap();
            let apart = (hidden.get(0).get(len) - expected.get(0).get(shared)).abs().max().double_value(&[]);
            assert!(apart < 1e-4, "{name}: {apart}");
        }
    }
}

#[test]
fn token_logps_of_completions() {
    let scratch = tempfile::tempdir().unwrap();
    for OfModel { model: name, sequence_logps, .. } in golden() {
        let model = load(&folder(&name, scratch.path()));
        let row =
            |c: &'static LogpsCase| PromptCompletion { prompt_ids: &c.prompt_ids, completion_ids: &c.completion_ids };
        let cases: &'static [LogpsCase] = Vec::leak(sequence_logps);
        // One by one: with dynamic rotary embeddings a row depends on the longest of its batch.
        for case in cases {
            let found = completion_logps(&model, &[row(case)], 1).unwrap().remove(0);
            let found: Vec<f64> = found.into_iter().map(f64::from).collect();
            assert_near(&found, &case.token_logps, &name);
            let sum: f64 = found.iter().sum();
            assert!((sum - case.sum).abs() <= ABSOLUTE * found.len() as f64, "{name}: {sum}, expected {}", case.sum);
        }
    }
}

#[test]
fn greedy_and_beam_search_equal_those_of_transformers() {
    let scratch = tempfile::tempdir().unwrap();
    let cases: Vec<Value> = read(read_json("decoder_generate.json")["cases"].clone());
    assert!(cases.len() > 100);
    for case in cases {
        let dir = folder(case["model"].as_str().unwrap(), scratch.path());
        let model = load(&dir);
        let saved = GenerationConfig::from_pretrained(&dir).unwrap();
        let given: GenerationConfig = read(case["config"].clone());
        let pad_token_id = case["pad_token_id"].as_i64();
        // The weights of another config have its generation_config.json.
        let eos_token_id = given.eos_token_id.clone().or(saved.eos_token_id);
        let generation = Generation::new(GenerationConfig { eos_token_id, pad_token_id, ..given }).unwrap();
        let [input, mask] =
            ["input_ids", "attention_mask"].map(|name| matrix(&read::<Vec<Vec<i64>>>(case[name].clone())));
        let what = format!("{} {} {:?}", case["model"], case["config"], input.size());
        let written = generate(&model, &input, Some(&mask), &generation, 0).unwrap();
        assert_eq!(written.sequences, read::<Vec<Vec<i64>>>(case["sequences"].clone()), "{what}");
        let expected: Option<Vec<f64>> = read(case["sequences_scores"].clone());
        assert_eq!(written.sequences_scores.is_some(), expected.is_some(), "{what}");
        for (found, expected) in written.sequences_scores.iter().flatten().zip(expected.iter().flatten()) {
            assert!((found - expected).abs() < 1e-4, "{what}: score {found}, expected {expected}");
        }
    }
}

#[test]
fn saved_models_are_read_back_equal_in_the_form_that_was_read() {
    for OfModel { model: name, cases, .. } in golden() {
        let from = golden_dir().join(&name);
        if from.join("weights.txt").exists() {
            continue;
        }
        let (saved, model) = (tempfile::tempdir().unwrap(), load(&from));
        model.save_pretrained(saved.path(), false).unwrap();
        let again = load(saved.path());
        assert_eq!(ModelIdentity::of(&model).unwrap(), ModelIdentity::of(&again).unwrap(), "{name}");
        assert_logits(&again, &cases, &format!("{name}, saved"));
        let config =
            |dir: &Path| read::<Value>(serde_json::from_slice(&fs::read(dir.join("config.json")).unwrap()).unwrap());
        let (mut read, written) = (config(&from), config(saved.path()));
        read["dtype"] = "float32".into();
        assert_eq!(read, written, "{name}");
        let generation = |dir: &Path| fs::read_to_string(dir.join("generation_config.json")).unwrap();
        assert_eq!(generation(&from), generation(saved.path()), "{name}");
        // The names of the tensors stay those of transformers.
        let names = |dir: &Path| {
            let mut names: Vec<String> = checkpoint::Checkpoint::open(dir)
                .unwrap()
                .entries()
                .iter()
                .map(|entry| entry.name().to_owned())
                .collect();
            names.sort();
            names
        };
        assert_eq!(names(&from), names(saved.path()), "{name}");
    }
}

#[test]
fn weights_of_16_bits_stay_as_they_are() {
    for (name, kind) in [("llama-tiny", Kind::BFloat16), ("llama-tiny-f16-shards", Kind::Half)] {
        let (from, saved) = (golden_dir().join("models").join(name), tempfile::tempdir().unwrap());
        let model = AutoModelForCausalLm::from_pretrained(&from, kind, Device::Cpu).unwrap();
        model.save_pretrained(saved.path(), false).unwrap();
        let (read, written) =
            [from.as_path(), saved.path()].map(|dir| checkpoint::Checkpoint::open(dir).unwrap()).into();
        assert_eq!(read.entries().len(), written.entries().len());
        for entry in read.entries() {
            assert_eq!(entry.kind(), kind);
            assert!(read.read(entry.name()).unwrap().equal(&written.read(entry.name()).unwrap()), "{}", entry.name());
        }
    }
}
