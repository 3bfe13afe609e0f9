//! Every form of preference data.

use crate::texts::{Random, english};
use crate::{audit, count, finding, not_checked, planted, prediction, support};
use serde_json::{Value, json};
use std::path::Path;

fn lines(rows: &[Value]) -> String {
    rows.iter().map(Value::to_string).collect::<Vec<_>>().join("\n")
}

/// Pairs with an equal one at row 3 and a duplicate of row 1 at row 5.
fn rows() -> Vec<Value> {
    let mut random = Random::new(3);
    let mut rows: Vec<Value> = (0..6).map(|_| planted::pair(&mut random)).collect();
    rows[2]["rejected"] = rows[2]["chosen"].clone();
    rows[4] = rows[0].clone();
    // What CSV has to quote.
    rows[5]["chosen"] = json!("She said \"yes\",\nand left.");
    rows
}

fn csv(rows: &[Value]) -> String {
    let field = |value: &Value| {
        format!("\"{}\"", value.as_str().map_or_else(|| value.to_string(), |text| text.replace('"', "\"\"")))
    };
    let names = ["prompt", "chosen", "rejected", "chosen_score", "rejected_score"];
    let row = |row: &Value| names.map(|name| field(&row[name])).join(",");
    std::iter::once(names.join(",")).chain(rows.iter().map(row)).collect::<Vec<_>>().join("\n")
}

fn check(folder: &Path, file: &str, args: &[&str]) {
    let report = audit(folder, &[&[file], args].concat());
    assert_eq!(report["rows"], 6, "{file}");
    assert_eq!(count(&report, "equal"), 1, "{file}");
    assert_eq!(finding(&report, "equal")["first_rows"], json!([{ "file": file, "row": 3 }]), "{file}");
    let duplicates = &finding(&report, "duplicates")["first_rows"];
    assert_eq!(*duplicates, json!([{ "file": file, "row": 5, "other": { "file": file, "row": 1 } }]), "{file}");
}

#[test]
fn pairs_in_all_file_formats_have_the_same_findings() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: String| std::fs::write(folder.path().join(name), text).unwrap();
    let rows = rows();
    write("pairs.jsonl", lines(&rows));
    write("pairs.json", serde_json::to_string_pretty(&rows).unwrap());
    write("pairs.csv", csv(&rows));
    let renamed = lines(&rows).replace("\"chosen\":", "\"good\":").replace("\"rejected\":", "\"bad\":");
    write("renamed.jsonl", renamed);
    ["pairs.jsonl", "pairs.json", "pairs.csv"].iter().for_each(|file| check(folder.path(), file, &[]));
    check(folder.path(), "renamed.jsonl", &["--columns", "chosen=good,rejected=bad"]);
}

#[test]
fn labelled_rows_have_contradictions_and_an_order() {
    let folder = tempfile::tempdir().unwrap();
    let mut random = Random::new(4);
    // First all undesirable rows, then all desirable ones, which are longer.
    let row = |number: usize, random: &mut Random| {
        let (words, label) = if number < 100 { (20, false) } else { (30, true) };
        let messages = json!([{ "role": "user", "content": english(random, 12) }, { "role": "assistant", "content": english(random, words) }]);
        json!({ "messages": messages, "label": label })
    };
    let mut rows: Vec<Value> = (0..200).map(|number| row(number, &mut random)).collect();
    rows[150]["messages"] = rows[7]["messages"].clone();
    std::fs::write(folder.path().join("labelled.jsonl"), lines(&rows)).unwrap();
    let report = audit(folder.path(), &["labelled.jsonl"]);
    assert_eq!((report["labelled"].as_u64(), report["desirable"].as_u64()), (Some(200), Some(100)));
    let contradictions = &finding(&report, "contradictions")["first_rows"];
    assert_eq!(contradictions[0]["row"], 151);
    assert_eq!(contradictions[0]["other"]["row"], 8);
    assert!(prediction(&report, "length-bias")["accuracy"].as_f64().unwrap() > 0.97);
    // The rows are sorted by their label, which says nothing about a place.
    assert_eq!(not_checked(&report, "position-bias"), "only pairs have a position");
}

#[test]
fn only_a_column_of_positions_shows_a_preferred_place() {
    let folder = tempfile::tempdir().unwrap();
    let mut random = Random::new(5);
    let mut rows: Vec<Value> = (0..200).map(|_| planted::pair(&mut random)).collect();
    rows.iter_mut().enumerate().for_each(|(number, row)| row["shown"] = json!(if number % 5 == 0 { "B" } else { "A" }));
    std::fs::write(folder.path().join("shown.jsonl"), lines(&rows)).unwrap();
    let report = audit(folder.path(), &["shown.jsonl", "--position-column", "shown"]);
    assert_eq!(prediction(&report, "position-bias")["accuracy"], 0.8);
    let texts = (0..100).flat_map(|prompt| [0, 1].map(|place| json!({ "prompt": format!("Question {prompt}"), "text": english(&mut random, 20), "score": if prompt % 4 == 0 { place } else { -place } })));
    std::fs::write(folder.path().join("texts.jsonl"), lines(&texts.collect::<Vec<_>>())).unwrap();
    let report = audit(folder.path(), &["texts.jsonl"]);
    assert_eq!(not_checked(&report, "position-bias"), "only pairs have a position");
    for file in ["shown.jsonl", "texts.jsonl"] {
        let output = support::run("audit", folder.path(), &[file, "--position-column", "place"]);
        let message = crate::stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{file}: {message}");
        assert!(message.contains(&format!("--position-column: {file}: it has no column \"place\"")), "{message}");
        assert!(!message.contains("--columns"), "{message}");
    }
}

#[test]
fn a_model_counts_tokens_and_compares_sides() {
    let folder = tempfile::tempdir().unwrap();
    let mut random = Random::new(6);
    let mut rows: Vec<Value> = (0..30).map(|_| json!({ "prompt": "Was it fun?", "chosen": english(&mut random, 3), "rejected": english(&mut random, 3) })).collect();
    rows.iter_mut().take(4).for_each(|row| row["chosen"] = json!(english(&mut random, 40)));
    rows.iter_mut().skip(4).take(2).for_each(|row| row["prompt"] = json!(english(&mut random, 60)));
    std::fs::write(folder.path().join("pairs.jsonl"), lines(&rows)).unwrap();
    let model = support::golden_path("models/gpt2-tiny");
    let args = ["pairs.jsonl", "--model", &model, "--max-length", "48", "--reference-margins"];
    let report = audit(folder.path(), &args);
    assert_eq!((count(&report, "cut"), count(&report, "no-room")), (4, 2));
    assert_eq!(finding(&report, "cut")["of"], 30);
    let margins = prediction(&report, "reference-margins");
    assert_eq!(margins["rows"], 28, "rows without room are dropped: {margins}");
    let expected = chosen_is_preferred(folder.path(), &model, &rows);
    assert_eq!(margins["accuracy"].as_f64().unwrap(), expected);
}

/// The share of chosen texts with the higher log-probability by `align logps`, of the rows that fit. Texts are not cut there, so those that
/// are cut in training are left out of the comparison by giving them the limit as well.
fn chosen_is_preferred(folder: &Path, model: &str, rows: &[Value]) -> f64 {
    std::fs::write(folder.join("fitting.jsonl"), lines(&[&rows[..4], &rows[6..]].concat())).unwrap();
    let args = ["--input", "fitting.jsonl", "--output", "logps.jsonl", "--model", model, "--token-logps"];
    let output = support::run("logps", folder, &args);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = std::fs::read_to_string(folder.join("logps.jsonl")).unwrap();
    let rows: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let sum = |row: &Value, side: &str| -> f64 {
        let logps = row[format!("{side}_token_logps")].as_array().unwrap();
        logps.iter().take(48 - prompt_tokens()).map(|logp| logp.as_f64().unwrap()).sum()
    };
    let right = rows.iter().filter(|row| sum(row, "chosen") > sum(row, "rejected")).count();
    right as f64 / rows.len() as f64
}

/// The tokens of "Was it fun?" with the tiny model's tokeniser, by the counts of a text that is cut at the limit.
fn prompt_tokens() -> usize {
    let tokenizer = align_data::Tokenizer::from_pretrained(support::golden_path("models/gpt2-tiny")).unwrap();
    tokenizer.encode("Was it fun?", true).unwrap().len()
}
