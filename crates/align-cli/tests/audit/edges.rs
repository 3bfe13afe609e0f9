//! Rows and files at the edges of what can be audited.

use crate::texts::{Random, english};
use crate::{audit, count, finding, not_checked, planted, prediction, stderr, support};
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

#[test]
fn files_without_rows_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "rows.jsonl", &[json!({ "prompt": "a", "chosen": "b", "rejected": "c" })]);
    std::fs::write(folder.path().join("empty.jsonl"), "").unwrap();
    std::fs::write(folder.path().join("empty.json"), "[]").unwrap();
    std::fs::write(folder.path().join("empty.csv"), "prompt,chosen,rejected\n").unwrap();
    for file in ["empty.jsonl", "empty.json", "empty.csv"] {
        for args in [&["rows.jsonl", file][..], &["rows.jsonl", "--eval-file", file]] {
            let output = support::run("audit", folder.path(), args);
            assert_eq!(output.status.code(), Some(1), "{args:?}: {}", stderr(&output));
            let expected = format!("{file}: expected rows of preference data, found no rows");
            assert!(stderr(&output).contains(&expected), "{args:?}: {}", stderr(&output));
        }
    }
}

#[test]
fn held_out_rows_that_cannot_be_read_are_reported() {
    let folder = tempfile::tempdir().unwrap();
    let row = json!({ "prompt": "a", "chosen": "b", "rejected": "c" });
    write(folder.path(), "rows.jsonl", std::slice::from_ref(&row));
    std::fs::write(folder.path().join("held-out.jsonl"), format!("{row}\n{{\"prompt\": \n{row}\n")).unwrap();
    let args = ["rows.jsonl", "--eval-file", "held-out.jsonl"];
    let report = audit(folder.path(), &args);
    assert_eq!(report["unreadable_held_out"]["rows"], 1);
    assert_eq!(report["unreadable_held_out"]["first"]["row"], 2);
    let output = support::run("audit", folder.path(), &args);
    assert!(stderr(&output).contains("1 held-out row cannot be read"), "{}", stderr(&output));
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(printed.contains("3 held-out rows, of which 1 cannot be read"), "{printed}");
}

#[test]
fn options_that_cannot_be_used_are_errors_before_rows_are_read() {
    let folder = tempfile::tempdir().unwrap();
    // A file that is read would be an error.
    std::fs::write(folder.path().join("rows.jsonl"), "no row").unwrap();
    let fail = |args: &[&str], code: i32, expected: &str| {
        let output = support::run("audit", folder.path(), &[&["rows.jsonl"], args].concat());
        assert_eq!(output.status.code(), Some(code), "{args:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(expected), "{args:?}: {}", stderr(&output));
        assert!(!stderr(&output).contains("unfinished"), "{args:?}: {}", stderr(&output));
    };
    fail(&["--report", "none/x.html"], 1, "the folder none does not exist");
    fail(&["--report", "rows.jsonl/x.html"], 1, "rows.jsonl");
    fail(&["--fail-on", "equal,near-leakage"], 2, "near-leakage was not checked: give --eval-file");
    fail(&["--fail-on", "cut"], 2, "give --model");
    fail(&["--fail-on", "position-bias"], 2, "give --position-column");
    fail(&["--fail-on", "reference-margins=0.5"], 2, "give --reference-margins");
    fail(&["--fail-on", "word-bias", "--sample-rows", "5"], 2, "raise --sample-rows");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "no file is left");
}

#[test]
fn the_smaller_kind_of_rows_is_named_where_it_is_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let mut random = Random::new(8);
    let pairs: Vec<Value> = (0..120).map(|_| planted::pair(&mut random)).collect();
    let labelled = |number: usize| json!({ "prompt": "a", "completion": english(&mut random, 20), "label": number.is_multiple_of(2) });
    let labelled: Vec<Value> = (0..110).map(labelled).collect();
    write(folder.path(), "pairs.jsonl", &pairs);
    write(folder.path(), "labelled.jsonl", &labelled);
    let report = audit(folder.path(), &["pairs.jsonl", "labelled.jsonl"]);
    for name in ["length-bias", "word-bias", "label-noise"] {
        assert_eq!(not_checked(&report, name), "for the labelled rows: audit them in a run of their own");
    }
    assert_eq!(prediction(&report, "word-bias")["rows"], 120);
    assert_eq!(finding(&report, "label-noise")["of"], 120);
}

#[test]
fn rows_without_ratings_are_left_out_one_by_one() {
    let folder = tempfile::tempdir().unwrap();
    let row = |number: usize, rating: Value| json!({ "prompt": format!("Question {number}"), "chosen": "yes", "rejected": "no", "chosen_rating": rating, "rejected_rating": 3 });
    let rows = [row(1, json!(5)), row(2, Value::Null), row(3, json!(2)), row(4, json!(3.0))];
    write(folder.path(), "rows.jsonl", &rows);
    let report = audit(folder.path(), &["rows.jsonl"]);
    assert_eq!((count(&report, "score-order"), count(&report, "score-ties")), (1, 1));
    assert_eq!(finding(&report, "score-order")["of"], 3);
    let printed = String::from_utf8(support::run("audit", folder.path(), &["rows.jsonl"]).stdout).unwrap();
    assert!(printed.contains("score of 3 pairs with scores"), "{printed}");
}

#[test]
fn a_prediction_fails_only_if_its_interval_lies_above_chance() {
    let folder = tempfile::tempdir().unwrap();
    let pair = json!({ "prompt": "a", "chosen": "A longer text", "rejected": "b" });
    write(folder.path(), "one.jsonl", std::slice::from_ref(&pair));
    write(folder.path(), "many.jsonl", &vec![pair; 20]);
    let row =
        |label: bool| json!({ "prompt": "a", "completion": if label { "A longer text" } else { "b" }, "label": label });
    write(folder.path(), "two.jsonl", &[row(true), row(false)]);
    write(folder.path(), "labelled.jsonl", &[vec![row(true); 20], vec![row(false); 20]].concat());
    let advice = "balance lengths";
    for (file, code) in [("one.jsonl", 0), ("two.jsonl", 0), ("many.jsonl", 65), ("labelled.jsonl", 65)] {
        let output = support::run("audit", folder.path(), &[file, "--fail-on", "length-bias"]);
        assert_eq!(output.status.code(), Some(code), "{file}: {}", stderr(&output));
        let printed = String::from_utf8(output.stdout).unwrap();
        assert_eq!(printed.contains(advice), code == 65, "{file}: {printed}");
    }
}

#[test]
fn with_a_tokeniser_only_its_own_beginning_is_doubled() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "rows.jsonl", &[json!({ "prompt": "<s>Was it fun?", "chosen": " Yes", "rejected": " No" })]);
    assert_eq!(count(&audit(folder.path(), &["rows.jsonl"]), "doubled-bos"), 1);
    // GPT-2 adds no token.
    let model = support::golden_path("models/gpt2-tiny");
    assert_eq!(count(&audit(folder.path(), &["rows.jsonl", "--model", &model]), "doubled-bos"), 0);
}

#[test]
fn advice_on_encodings_says_what_stops_a_run() {
    let folder = tempfile::tempdir().unwrap();
    let line = |text: &[u8]| [&br#"{"prompt": "a", "chosen": "b", "rejected": ""#[..], text, b"\"}\n"].concat();
    let lines = [line(b"plain"), line(b"caf\xe9"), line(b"\\ud83d"), line("it\u{92}s".as_bytes())].concat();
    std::fs::write(folder.path().join("rows.jsonl"), lines).unwrap();
    let report = audit(folder.path(), &["rows.jsonl"]);
    for (name, row, expected) in [
        ("replacement-characters", 2, "A run stops"),
        ("surrogates", 3, "A run stops"),
        ("control-characters", 4, "decode it as Windows-1252"),
    ] {
        let finding = finding(&report, name);
        assert_eq!(finding["first_rows"][0]["row"], row, "{name}");
        assert!(finding["advice"].as_str().unwrap().contains(expected), "{name}");
    }
}

#[test]
fn lists_and_patterns_of_files_are_read_as_in_training() {
    let folder = tempfile::tempdir().unwrap();
    let row = |prompt: &str| json!({ "prompt": prompt, "chosen": "yes", "rejected": "yes" });
    for name in ["a", "b", "c"] {
        write(folder.path(), &format!("{name}.jsonl"), &[row(name)]);
    }
    let report = audit(folder.path(), &["--eval-file", "a.jsonl,b.jsonl", "[a-c].jsonl"]);
    assert_eq!((&report["rows"], count(&report, "leakage")), (&json!(3), 2));
    let report = audit(folder.path(), &["a.jsonl,b.jsonl", "--eval-file", "b.jsonl", "--eval-file", "c.jsonl"]);
    assert_eq!((&report["rows"], count(&report, "leakage")), (&json!(2), 1));
    assert_eq!(report["held_out_files"].as_array().unwrap().len(), 2);
}

#[test]
fn as_many_rows_are_listed_as_wanted() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "rows.jsonl", &vec![json!({ "prompt": "a", "chosen": "b", "rejected": "b" }); 30]);
    let listed = |args: &[&str]| {
        let report = audit(folder.path(), &[&["rows.jsonl"], args].concat());
        finding(&report, "equal")["first_rows"].as_array().unwrap().len()
    };
    assert_eq!((listed(&[]), listed(&["--list-rows", "25"])), (10, 25));
}

#[test]
fn limits_that_no_model_has_are_wrong_options() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "rows.jsonl", &[json!({ "prompt": "a", "chosen": "b", "rejected": "c" })]);
    let model = support::golden_path("models/gpt2-tiny");
    let output = support::run("audit", folder.path(), &["rows.jsonl", "--model", &model, "--max-length", "0"]);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
}
