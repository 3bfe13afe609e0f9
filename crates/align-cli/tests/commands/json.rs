//! `--json`: one document on standard output.

use crate::ok;
use crate::support::{golden_path, run};
use serde_json::Value;
use std::path::Path;

fn document(name: &str, dir: &Path, args: &[&str]) -> Value {
    let out = ok(name, dir, &[args, &["--json"]].concat());
    serde_json::from_str(&out).unwrap_or_else(|error| panic!("{name}: {error}: {out}"))
}

#[test]
fn every_stage_prints_one_document() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let sampling = ["--do-sample", "--max-new-tokens", "6", "--texts-per-prompt", "2"];
    let printed = document("generate", dir, &[&sampling[..], &["--prompt", "This movie"]].concat());
    assert_eq!(printed["texts"].as_array().unwrap().len(), 2);
    assert_eq!(printed["texts"][0]["prompt"], "This movie");
    let written = document("generate", dir, &[&sampling[..], &["--output", "texts.csv"]].concat());
    assert_eq!((&written["texts"], &written["record"]), (&92.into(), &"texts.csv.generation.json".into()));
    assert_eq!(written["generation"]["generation"]["max_new_tokens"], 6);
    let scored = document("classify", dir, &["--input", "texts.csv", "--output", "scored.csv"]);
    assert_eq!((&scored["texts"], &scored["output"]), (&92.into(), &"scored.csv".into()));
    assert!(scored["mean_score"]["value"].to_string().len() > 10, "{scored}");
    let paired = document("pair", dir, &["--input", "scored.csv", "--output", "pairs.jsonl"]);
    assert_eq!(paired["report"]["texts"], 92);
    let pairs = golden_path("train.jsonl");
    let logps = document("logps", dir, &["--input", &pairs, "--output", "logps.jsonl"]);
    assert!(logps["rows"].as_u64().unwrap() > 0, "{logps}");
}

#[test]
fn the_pipelines_print_one_document() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let small =
        ["--texts-per-prompt", "2", "--eval-texts-per-prompt", "1", "--text-length", "12", "--num-train-epochs", "0.1"];
    let notebook = document("notebook", dir, &small);
    let policies = notebook["comparison"]["policies"].as_array().unwrap();
    assert_eq!(policies.len(), 2, "{notebook}");
    assert_eq!(policies[0]["policy"]["texts"].as_array().unwrap().len(), 46);
    let sweep = [
        "--texts-per-prompt",
        "2",
        "--training-texts-per-prompt",
        "3",
        "--pairs-per-prompt",
        "2",
        "--max-new-tokens",
        "6",
    ];
    let more = ["--num-train-epochs", "0.5", "--losses", "sigmoid", "--betas", "0.1", "--output-dir", "sweep"];
    let frontier = document("frontier", dir, &[&sweep[..], &more].concat());
    assert!(
        frontier["policies"][0]["point"].is_null() && frontier["policies"][1]["point"]["beta"] == 0.1,
        "{frontier}"
    );
    assert!(frontier["policies"][1]["evaluation"]["reward"]["value"].is_number(), "{frontier}");
    // The same sweep as text, from its finished points: no line is too long.
    let text = ok("frontier", dir, &[&sweep[..], &more].concat());
    let table = text.split_once("Means over").unwrap().1;
    assert!(table.lines().all(|line| line.chars().count() <= 80), "{table}");
}

#[test]
fn a_stream_is_no_document() {
    let dir = tempfile::tempdir().unwrap();
    let output = run("generate", dir.path(), &["--prompt", "This", "--stream", "--json"]);
    let problem = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(2) && problem.contains("--stream conflicts with --json"), "{problem}");
}
