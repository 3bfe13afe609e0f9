//! Tables whose columns have other names.

use crate::support::run;
use crate::{lines, ok};
use std::fs;

const RENAMED: &str = "prompt=question,chosen=good,rejected=bad";

#[test]
fn a_run_trains_on_columns_with_other_names() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    fs::write(
        dir.join("own.csv"),
        "question,good,bad\nThis movie, was fine., was dull.\nThe film, is good., is bad.\n",
    )
    .unwrap();
    fs::write(
        dir.join("own.json"),
        r#"[{"question": "This movie", "good": " was fine.", "bad": " was dull."},
            {"question": "The film", "good": " is good.", "bad": " is bad."}]"#,
    )
    .unwrap();
    fs::write(
        dir.join("pairs.csv"),
        "prompt,chosen,rejected\nThis movie, was fine., was dull.\nThe film, is good., is bad.\n",
    )
    .unwrap();
    let train = |more: &[&str]| ok("dpo", dir, &[more, &["--max-steps", "2", "--learning-rate", "1e-3"]].concat());
    train(&["--train-file", "own.csv", "--eval-file", "own.json", "--columns", RENAMED, "--output-dir", "own"]);
    train(&["--train-file", "pairs.csv", "--output-dir", "plain"]);
    let weights = |run: &str| fs::read(dir.join(run).join("model/model.safetensors")).unwrap();
    assert!(weights("own") == weights("plain"), "the weights differ");
    let config = fs::read_to_string(dir.join("own/config.toml")).unwrap();
    assert!(config.contains(&format!("columns = \"{RENAMED}\"")), "{config}");
    // The recorded options are enough to run again.
    train(&["--config", "own/config.toml", "--output-dir", "again"]);
    assert!(weights("again") == weights("plain"), "the weights differ");
}

#[test]
fn the_other_commands_take_names_too() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    fs::write(dir.join("own.csv"), "question,review,stars\nA,A joy,5\nA,A bore,1\n").unwrap();
    let columns = ["--input", "own.csv", "--columns"];
    ok("classify", dir, &[&columns[..], &["text=review", "--output", "scored.jsonl"]].concat());
    assert_eq!(lines(&dir.join("scored.jsonl"))[0]["text"], "A joy");
    ok("pair", dir, &[&columns[..], &["prompt=question,text=review,score=stars", "--output", "p.jsonl"]].concat());
    assert_eq!(lines(&dir.join("p.jsonl"))[0]["chosen"], "A joy");
    ok("logps", dir, &[&columns[..], &["prompt=question,completion=review", "--output", "l.jsonl"]].concat());
    let out = ok("evaluate", dir, &[&columns[..], &["text=review,score=stars", "--resamples", "40"]].concat());
    assert!(out.lines().any(|line| line.starts_with("Mean reward") && line.contains(" 3")), "{out}");
}

#[test]
fn the_message_for_missing_columns_leads_to_the_option() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    fs::write(dir.join("own.csv"), "question,good,bad\nA,B,C\n").unwrap();
    let problem = |args: &[&str]| {
        let output = run("dpo", dir, &[&["--train-file", "own.csv", "--output-dir", "run"], args].concat());
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    let message = problem(&[]);
    assert!(message.contains("found \"question\", \"good\", \"bad\""), "{message}");
    assert!(message.trim_end().ends_with(&format!("give --columns {RENAMED}")), "{message}");
    for (columns, part) in [
        ("prompt=question,chosn=good", "--columns chosn=good: this table has no column chosn"),
        ("prompt=question,chosen=god,rejected=bad", "--columns chosen=god: own.csv has no column \"god\""),
        ("prompt", "expected NAME=COLUMN"),
        ("prompt=question,prompt=good", "prompt occurs twice"),
    ] {
        let message = problem(&["--columns", columns]);
        assert!(message.contains(part), "{message}");
    }
}
