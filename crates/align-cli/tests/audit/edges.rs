//! Rows and files at the edges of what can be audited.

use crate::texts::{Random, english};
use crate::{audit, count, finding};
use serde_json::{Value, json};
use std::path::Path;

fn write(folder: &Path, name: &str, rows: &[Value]) {
    let lines: Vec<String> = rows.iter().map(Value::to_string).collect();
    std::fs::write(folder.join(name), lines.join("\n")).unwrap();
}

#[test]
fn rows_without_prompts_leak_by_their_texts() {
    let folder = tempfile::tempdir().unwrap();
    let mut random = Random::new(7);
    let texts: Vec<String> = (0..20).map(|_| english(&mut random, 40)).collect();
    let rows: Vec<Value> = texts.iter().map(|text| json!({ "text": text })).collect();
    write(folder.path(), "texts.jsonl", &rows);
    let nearly = json!({ "text": format!("Well, {}", texts[3]) });
    write(folder.path(), "held-out.jsonl", &[rows[5].clone(), nearly, json!({ "text": " " })]);
    let report = audit(folder.path(), &["texts.jsonl", "--eval-file", "held-out.jsonl"]);
    assert_eq!((count(&report, "leakage"), count(&report, "near-leakage")), (1, 1));
    assert_eq!(finding(&report, "leakage")["first_rows"][0]["row"], 6);
    assert_eq!(finding(&report, "near-leakage")["first_rows"][0]["row"], 4);
}

#[test]
fn prompts_of_signs_leak_and_blank_rows_do_not() {
    let folder = tempfile::tempdir().unwrap();
    let row = |prompt: &str, number: usize| json!({ "prompt": prompt, "completion": format!("Answer {number}"), "label": true });
    write(folder.path(), "rows.jsonl", &[row("?!", 1), row("!?", 2), row(" ", 3)]);
    write(folder.path(), "held-out.jsonl", &[row("?!", 4), row("", 5)]);
    let report = audit(folder.path(), &["rows.jsonl", "--eval-file", "held-out.jsonl"]);
    assert_eq!(count(&report, "leakage"), 1);
}
