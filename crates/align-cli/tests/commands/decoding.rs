//! The records of how texts were generated, and the comparison of texts that were generated differently.

use crate::ok;
use crate::support::run;
use std::fs;
use std::path::Path;

const SAMPLED: &[&str] = &["--do-sample", "--max-new-tokens", "6"];
const BEAMS: &[&str] =
    &["--do-sample", "--max-new-tokens", "6", "--num-beams", "3", "--temperature", "4", "--seed", "9"];

fn generate(dir: &Path, options: &[&str], output: &str) {
    ok("generate", dir, &[options, &["--output", output]].concat());
}

/// The warnings and notes of a comparison.
fn messages(dir: &Path, files: &[&str]) -> String {
    let output = run("evaluate", dir, &[&["--resamples", "40", "--input"][..], files].concat());
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{stderr}");
    stderr
}

#[test]
fn the_record_follows_the_texts() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    generate(dir, BEAMS, "texts.csv");
    let record = fs::read_to_string(dir.join("texts.csv.generation.json")).unwrap();
    let found: serde_json::Value = serde_json::from_str(&record).unwrap();
    assert_eq!((&found["generation"]["num_beams"], &found["generation"]["seed"]), (&3.into(), &9.into()));
    assert_eq!((&found["prompts"]["count"], &found["texts_per_prompt"]), (&46.into(), &1.into()));
    assert_eq!(found["model"], "gpt2-tiny");
    assert!(found["model_identity"]["weights"].is_string(), "{record}");

    ok("classify", dir, &["--input", "texts.csv", "--output", "scored.csv"]);
    assert_eq!(fs::read_to_string(dir.join("scored.csv.generation.json")).unwrap(), record);
    // A table without a record replaces one that has a record.
    fs::write(dir.join("own.csv"), "text\nfine\n").unwrap();
    ok("classify", dir, &["--input", "own.csv", "--output", "scored.csv", "--overwrite"]);
    assert!(!dir.join("scored.csv.generation.json").exists());
}

#[test]
fn files_that_were_decoded_differently_give_a_warning() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    generate(dir, SAMPLED, "sampled.csv");
    generate(dir, &[SAMPLED, &["--seed", "5"]].concat(), "seed.csv");
    generate(dir, BEAMS, "beams.csv");
    generate(dir, &[SAMPLED, &["--prompt", "The film"]].concat(), "prompt.csv");
    fs::write(dir.join("own.csv"), "text\nfine texts\n").unwrap();

    assert_eq!(messages(dir, &["sampled.csv", "seed.csv"]), "");
    let warning = messages(dir, &["beams.csv", "sampled.csv"]);
    assert_eq!(
        warning,
        "warning: beams.csv was generated with num_beams 3 and temperature 4, sampled.csv with num_beams 1 and temperature 1: their \
         entropies and rewards differ for that reason too\n"
    );
    let warning = messages(dir, &["sampled.csv", "prompt.csv"]);
    assert!(
        warning.starts_with("warning: sampled.csv and prompt.csv were generated from different prompts (46 and 1)")
    );
    let note = messages(dir, &["sampled.csv", "own.csv"]);
    assert_eq!(note, "note: it is unknown how own.csv was generated: there is no own.csv.generation.json beside it\n");
    // Files of which none has a record are not mentioned.
    assert_eq!(messages(dir, &["own.csv", "own.csv"]), "");
    let json = ok("evaluate", dir, &["--resamples", "40", "--json", "--input", "beams.csv", "sampled.csv"]);
    let numbers: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(numbers["warnings"].as_array().unwrap().len(), 1, "{json}");
}

#[test]
fn other_files_with_the_name_of_a_record_are_kept() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let record = dir.join("texts.csv.generation.json");
    fs::write(&record, "notes").unwrap();
    let args = [SAMPLED, &["--output", "texts.csv"]].concat();
    for more in [&[][..], &["--overwrite"]] {
        let output = run("generate", dir, &[&args[..], more].concat());
        let problem = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && problem.contains("texts.csv.generation.json"), "{problem}");
        assert!(problem.contains("move the file away"), "{problem}");
        assert!(!dir.join("texts.csv").exists());
    }
    assert_eq!(fs::read_to_string(&record).unwrap(), "notes");
    // It does not prevent an evaluation.
    fs::write(dir.join("texts.csv"), "text\nfine texts\n").unwrap();
    assert!(messages(dir, &["texts.csv", "texts.csv"]).contains("not a record of generation"));

    // The record of other texts is replaced only on request, that of the same texts is not in the way.
    fs::remove_file(&record).unwrap();
    fs::remove_file(dir.join("texts.csv")).unwrap();
    ok("generate", dir, &args);
    fs::remove_file(dir.join("texts.csv")).unwrap();
    ok("generate", dir, &args);
    fs::remove_file(dir.join("texts.csv")).unwrap();
    let other = [BEAMS, &["--output", "texts.csv"]].concat();
    let output = run("generate", dir, &other);
    let problem = String::from_utf8(output.stderr).unwrap();
    assert!(
        !output.status.success() && problem.contains("exists already") && problem.contains("--overwrite"),
        "{problem}"
    );
    ok("generate", dir, &[&other[..], &["--overwrite"]].concat());
    assert!(fs::read_to_string(&record).unwrap().contains("\"num_beams\": 3"));
}

#[test]
fn equal_texts_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    for (more, part) in [(&[][..], "greedy search"), (&["--num-beams", "2"], "beam search")] {
        let args = [&["--prompt", "This", "--texts-per-prompt", "5", "--do-sample", "false"][..], more].concat();
        let output = run("generate", dir.path(), &args);
        let problem = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && problem.contains(part) && problem.contains("add --do-sample"), "{problem}");
    }
}
