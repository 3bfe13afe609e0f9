//! Pairs and labelled completions out of likes.

use crate::{lines, ok};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

/// Answers with likes and views; the one with most likes was seen most.
fn write_answers(dir: &Path) {
    let rows = (0..6).map(|at| {
        format!(
            "Prompt {at},liked by half,{},100\nPrompt {at},seen by many,200,4000\nPrompt {at},ignored,1,90\n",
            40 + at
        )
    });
    fs::write(dir.join("answers.csv"), format!("prompt,text,likes,views\n{}", rows.collect::<String>())).unwrap();
}

fn report(dir: &Path, args: &[&str]) -> Value {
    serde_json::from_str(&ok("pair", dir, &[&["--likes", "--json"], args].concat())).unwrap()
}

#[test]
fn pairs_and_labels_train_models() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    write_answers(dir);
    let found = report(dir, &["--input", "answers.csv", "--output", "pairs.jsonl"]);
    assert_eq!(
        (&found["report"]["likes"]["measure"], &found["report"]["likes"]["texts"]),
        (&"per-view".into(), &18.into())
    );
    let pairs = lines(&dir.join("pairs.jsonl"));
    assert_eq!(Value::from(pairs.len()), found["report"]["pairs"]);
    let of = |rejected: &str| pairs.iter().filter(|pair| pair["rejected"] == rejected).count();
    assert_eq!(of("seen by many"), 6);
    assert_eq!(of("liked by half"), 0);
    assert!(pairs.iter().all(|pair| pair["chosen_probability"].as_f64().is_some_and(|p| (0.9..=1.0).contains(&p))));
    ok("dpo", dir, &["--train-file", "pairs.jsonl", "--max-steps", "1", "--output-dir", "dpo"]);

    let found = report(dir, &["--kto", "--input", "answers.csv", "--output", "kto.jsonl", "--credible-level", "0.8"]);
    let labels = lines(&dir.join("kto.jsonl"));
    assert_eq!(found["report"]["desirable"], 6);
    assert!(labels.iter().filter(|row| row["label"] == true).all(|row| row["completion"] == "liked by half"));
    ok(
        "kto",
        dir,
        &["--train-file", "kto.jsonl", "--max-steps", "1", "--per-device-train-batch-size", "4", "--output-dir", "kto"],
    );
}

#[test]
fn a_seed_fixes_the_pairs() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    write_answers(dir);
    let drawn = |seed: &str, output: &str| {
        let found =
            report(dir, &["--input", "answers.csv", "--output", output, "--pairs-per-prompt", "1", "--seed", seed]);
        assert_eq!(found["report"]["pairs"], 6);
        fs::read(dir.join(output)).unwrap()
    };
    let first = drawn("1", "first.jsonl");
    assert_eq!(first, drawn("1", "again.jsonl"));
    let others = (2..6).map(|seed| drawn(&seed.to_string(), &format!("{seed}.jsonl")));
    assert!(others.collect::<Vec<_>>().iter().any(|other| *other != first));
}

#[test]
fn the_output_says_what_was_read() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let row = |text: &str, score: i64| {
        json!({"history": "A", "human_ref_A": text, "human_ref_B": "no", "score_A": score, "score_B": 2, "labels": 1,
               "created_at_utc_A": 1_600_000_000, "created_at_utc_B": 1_600_000_000})
    };
    fs::write(dir.join("shp.jsonl"), format!("{}\n{}\n", row("yes", 90), row("maybe", 30))).unwrap();
    let out = ok("pair", dir, &["--likes", "--input", "shp.jsonl", "--output", "pairs.jsonl", "--half-life", "6"]);
    for part in [
        "3 pairs from 3 texts of 1 prompt",
        "likes per hour of attention to a thread, which halves every 6 h: prior gamma(",
        "the layout is that of SHP; the author's own vote is not counted",
        "1 repeated comment",
        "align dpo --train-file pairs.jsonl",
    ] {
        assert!(out.contains(part), "{out}\nlacks {part}");
    }
}
