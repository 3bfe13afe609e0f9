//! All commands tokenise in the same way, with all options of a tokeniser's folder. The expected numbers are those of transformers
//! 5.17.0 and torch 2.11.0 for the same folders.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use support::{golden_path, run};

/// Copies a tiny model to `model`, without some files, and with other fields or files added.
fn model(dir: &Path, name: &str, without: &[&str], with: &[(&str, Value)]) -> PathBuf {
    let folder = dir.join("model");
    std::fs::create_dir(&folder).unwrap();
    for entry in std::fs::read_dir(golden_path(&format!("models/{name}"))).unwrap() {
        let entry = entry.unwrap();
        if !without.iter().any(|file| entry.file_name().to_str() == Some(file)) {
            std::fs::copy(entry.path(), folder.join(entry.file_name())).unwrap();
        }
    }
    for (file, fields) in with {
        let old = std::fs::read(folder.join(file)).map_or(json!({}), |bytes| serde_json::from_slice(&bytes).unwrap());
        let mut merged = old.as_object().unwrap().clone();
        merged.extend(fields.as_object().unwrap().clone());
        std::fs::write(folder.join(file), Value::Object(merged).to_string()).unwrap();
    }
    folder
}

fn succeeds(name: &str, dir: &Path, args: &[&str]) -> (String, String) {
    let output = run(name, dir, args);
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(output.status.success(), "{name} {args:?}: {err}");
    (out, err)
}

const PAIR: &str = r#"{"prompt": "a movie", "chosen": " is good", "rejected": " is bad"}"#;

/// The log-probabilities of the pair's two completions.
fn logps(dir: &Path) -> [f64; 2] {
    std::fs::write(dir.join("pair.jsonl"), format!("{PAIR}\n")).unwrap();
    succeeds("logps", dir, &["--model", "model", "--input", "pair.jsonl", "--output", "logps.jsonl", "--overwrite"]);
    let row: Value = serde_json::from_slice(&std::fs::read(dir.join("logps.jsonl")).unwrap()).unwrap();
    ["chosen_logps", "rejected_logps"].map(|column| row[column].as_f64().unwrap())
}

fn assert_close(found: &[f64], expected: &[f64]) {
    let close = found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-4);
    assert!(found.len() == expected.len() && close, "{found:?}, expected {expected:?}");
}

#[test]
fn the_tokenisers_bos_is_prepended_by_every_command() {
    let dir = tempfile::tempdir().unwrap();
    let config = json!({"tokenizer_class": "GPT2Tokenizer", "add_bos_token": true});
    model(dir.path(), "gpt2-tiny", &["tokenizer.json"], &[("tokenizer_config.json", config)]);
    let args = ["--model", "model", "--prompt", "Hi", "--max-new-tokens", "5"];
    let text = |more: &[&str]| succeeds("generate", dir.path(), &[&args[..], more].concat()).0.trim().to_owned();
    // The ids are [0, 40, 73]. Without BOS, [40, 73], the text would be "Hired to the mone".
    assert_eq!(text(&[]), "Hiohhhh");
    assert_eq!(text(&["--stream"]), "Hiohhhh");
    assert_close(&logps(dir.path()), &[-15.432_171, -17.081_469]);
}

#[test]
fn special_tokens_map_takes_precedence() {
    let dir = tempfile::tempdir().unwrap();
    model(dir.path(), "gpt2-tiny", &[], &[("special_tokens_map.json", json!({"eos_token": "!"}))]);
    assert_close(&logps(dir.path()), &[-14.0374, -14.4415]);
    // The saved folder gives the same result.
    succeeds("convert", dir.path(), &["--model", "./model", "--output-dir", "saved", "--dtype", "float32"]);
    std::fs::remove_dir_all(dir.path().join("model")).unwrap();
    std::fs::rename(dir.path().join("saved"), dir.path().join("model")).unwrap();
    assert_close(&logps(dir.path()), &[-14.0374, -14.4415]);
}

#[test]
fn tokenizer_config_applies_to_a_tokenizer_json() {
    let dir = tempfile::tempdir().unwrap();
    let config = json!({"tokenizer_class": "GPT2Tokenizer", "add_prefix_space": true});
    model(dir.path(), "gpt2-tiny", &[], &[("tokenizer_config.json", config)]);
    assert_close(&logps(dir.path()), &[-16.0125, -17.4743]);

    let dir = tempfile::tempdir().unwrap();
    model(dir.path(), "distilbert-tiny", &[], &[("tokenizer_config.json", json!({"do_lower_case": false}))]);
    std::fs::write(dir.path().join("texts.csv"), "prompt,text\nA,Café NAÏVE résumé\n").unwrap();
    succeeds("classify", dir.path(), &["--model", "model", "--input", "texts.csv", "--output", "scores.csv"]);
    let table = std::fs::read_to_string(dir.path().join("scores.csv")).unwrap();
    let (names, row) = table.trim().split_once('\n').unwrap();
    let index = |column: &str| names.split(',').position(|name| name == column).unwrap();
    let logit = |column: &str| row.split(',').nth(index(column)).unwrap().parse::<f64>().unwrap();
    assert_close(&[logit("logit_0"), logit("logit_1")], &[-0.0790, 0.0482]);
}

/// As in transformers, where decoding with `skip_special_tokens` keeps such a token.
#[test]
fn an_ordinary_token_used_as_eos_is_part_of_the_text() {
    let dir = tempfile::tempdir().unwrap();
    for (prompt, text) in [("The", "The film."), ("The movie", "The movie.")] {
        let args = ["--prompt", prompt, "--max-new-tokens", "20", "--eos-token-id", "14"];
        assert_eq!(succeeds("generate", dir.path(), &args).0.trim(), text);
        assert_eq!(succeeds("generate", dir.path(), &[&args[..], &["--stream"]].concat()).0.trim(), text);
    }
    std::fs::write(dir.path().join("prompts.txt"), "The movie\n").unwrap();
    let args =
        ["--prompts", "prompts.txt", "--max-new-tokens", "20", "--eos-token-id", "14", "--output", "texts.jsonl"];
    succeeds("generate", dir.path(), &args);
    let row: Value = serde_json::from_slice(&std::fs::read(dir.path().join("texts.jsonl")).unwrap()).unwrap();
    assert_eq!(row["text"], "The movie.");
}

#[test]
fn a_padding_token_without_an_embedding_gives_a_warning_and_is_not_used() {
    let dir = tempfile::tempdir().unwrap();
    model(dir.path(), "gpt2-tiny", &[], &[("special_tokens_map.json", json!({"pad_token": "<pad>"}))]);
    let args = ["--model", "model", "--prompt", "The", "--max-new-tokens", "2"];
    let (text, log) = succeeds("generate", dir.path(), &args);
    assert_eq!(text.trim(), "The film.");
    assert!(log.contains("<pad>") && log.contains("no embedding"), "{log}");
    assert_close(&logps(dir.path()), &[-16.380_569, -17.799_217]);
}
