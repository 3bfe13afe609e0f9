//! Compares tokenisers from small folders (a tiny model's tokeniser with some files changed) with those that
//! transformers builds from them: ids, decoded texts, special tokens and sizes, after loading and after saving and
//! reloading.
//!
//! `data/tokenizer_folders.py` writes the expected values with transformers. With `ALIGN_PYTHON=python3`, transformers
//! also reads the folders saved here.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use align_data::{SpecialTokens, Tokenizer};
use serde_json::{Map, Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const FILES: [&str; 7] = [
    "config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "vocab.json",
    "merges.txt",
    "vocab.txt",
    "chat_template.jinja",
];

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data")
}

fn golden() -> Value {
    serde_json::from_slice(&fs::read(data().join("tokenizer_folders.json")).unwrap()).unwrap()
}

fn strings(list: &Value) -> Vec<String> {
    serde_json::from_value(list.clone()).unwrap()
}

/// Writes the folder of a test case.
fn build(folder: &Path, case: &Value) {
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/data/models");
    let model = model.join(case["model"].as_str().unwrap());
    let without = strings(&case["without"]);
    for name in FILES {
        if model.join(name).exists() && !without.iter().any(|file| file == name) {
            fs::copy(model.join(name), folder.join(name)).unwrap();
        }
    }
    for (name, fields) in case["with"].as_object().unwrap() {
        let path = folder.join(name);
        let old = fs::read(&path).map_or(Map::new(), |bytes| serde_json::from_slice(&bytes).unwrap());
        let whole: Map<String, Value> = old.into_iter().chain(fields.as_object().unwrap().clone()).collect();
        fs::write(path, Value::Object(whole).to_string()).unwrap();
    }
}

fn roles(special: &SpecialTokens) -> Value {
    json!({
        "bos_token": special.bos, "eos_token": special.eos, "unk_token": special.unk, "sep_token": special.sep,
        "pad_token": special.pad, "cls_token": special.cls, "mask_token": special.mask,
    })
}

/// The templates that are picked without and with functions.
fn templates(tokenizer: &Tokenizer) -> Option<[String; 2]> {
    let source = |tools| Some(tokenizer.chat_template(None, tools).ok()?.source().to_owned());
    Some([source(None)?, source(Some(&json!([{}])))?])
}

/// The values of our tokeniser in the format of the Python script.
fn measured_values(tokenizer: &Tokenizer, texts: &[String]) -> Value {
    let ids = tokenizer.encode_batch(texts, true, None).unwrap();
    let one_by_one: Vec<_> = texts.iter().map(|text| tokenizer.encode(text, true).unwrap()).collect();
    assert_eq!(ids, one_by_one);
    json!({
        "ids": ids,
        "plain": tokenizer.encode_batch(texts, false, None).unwrap(),
        "skipped": tokenizer.decode_batch(&ids, true).unwrap(),
        "decoded": tokenizer.decode_batch(&ids, false).unwrap(),
        "roles": roles(tokenizer.special_tokens()),
        "tokens": tokenizer.vocab_size(),
        "model_max_length": tokenizer.model_max_length(),
        "templates": templates(tokenizer),
    })
}

fn differences(what: &str, case: &Value, found: &Value) -> Vec<String> {
    let name = &case["name"];
    let differs = |(field, found): (&String, &Value)| {
        let expected = &case[field];
        (expected != found).then(|| format!("{name}, {what}: {field} is {found}, expected {expected}"))
    };
    found.as_object().unwrap().iter().filter_map(differs).collect()
}

#[test]
fn folders_are_read_as_transformers_reads_them() {
    let (golden, saved) = (golden(), tempfile::tempdir().unwrap());
    let cases = golden["cases"].as_array().unwrap();
    assert!(cases.len() >= 50);
    let mut wrong = Vec::new();
    for (place, case) in cases.iter().enumerate() {
        let folder = tempfile::tempdir().unwrap();
        build(folder.path(), case);
        let read = Tokenizer::from_pretrained(folder.path());
        match (read, case.get("error")) {
            (Ok(tokenizer), None) => {
                let texts = strings(&golden["texts"][case["model"].as_str().unwrap()]);
                wrong.extend(differences("read", case, &measured_values(&tokenizer, &texts)));
                let again = saved.path().join(place.to_string());
                fs::create_dir(&again).unwrap();
                fs::copy(folder.path().join("config.json"), again.join("config.json")).unwrap();
                // A file of an earlier run, which must be ignored.
                fs::write(again.join("special_tokens_map.json"), r#"{"eos_token": "a"}"#).unwrap();
                tokenizer.save(&again, false).unwrap();
                let again = Tokenizer::from_pretrained(&again).unwrap();
                wrong.extend(differences("saved", case, &measured_values(&again, &texts)));
            }
            (Err(_), Some(_)) => {}
            (Ok(_), Some(error)) => wrong.push(format!("{}: read, expected {error}", case["name"])),
            (Err(error), None) => wrong.push(format!("{}: {error}", case["name"])),
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    let Some(python) = std::env::var_os("ALIGN_PYTHON") else { return };
    let script = data().join("tokenizer_folders.py");
    let output = Command::new(python).arg(script).arg(saved.path()).env("HF_HUB_OFFLINE", "1").output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}\n{err}");
}
