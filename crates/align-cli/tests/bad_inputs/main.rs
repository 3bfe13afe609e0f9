//! Bad inputs as a user meets them, and what the program says: each names the file, the place, what was expected and found.
//! None panics, and none takes more than 200 MB beyond a process that does nothing.
//!
//! One test, because the memory of child processes is known for all of them together.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod case;
mod configs;
mod hostile;
mod identity;
mod models;
mod options;
mod outputs;
mod ownership;
#[path = "../../../align-data/tests/hostile/parquet.rs"]
mod parquet;
#[path = "../support/mod.rs"]
mod support;
mod tables;
mod tokenisers;
mod weights;

use case::Case;
use nix::sys::resource::{UsageWho, getrusage};
use std::path::Path;
use support::{kept, run};

/// What a refusal may take beyond the idle process, in KiB.
const MEMORY: i64 = 200 << 10;

/// The most memory that any child has had, in KiB.
fn children() -> i64 {
    getrusage(UsageWho::RUSAGE_CHILDREN).unwrap().max_rss()
}

fn message(case: &Case, dir: &Path) -> String {
    let long = "This movie was ".repeat(100);
    let distilbert = kept("models/distilbert-tiny");
    let words = case.command.split(' ').map(|word| match word {
        "LONG" => long.as_str(),
        "DISTILBERT" => distilbert.as_str(),
        word => word,
    });
    let words: Vec<&str> = words.collect();
    let output = run(words[0], dir, &words[1..]);
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success(), "{}: accepted", case.what);
    assert!(output.status.code().is_some(), "{}: killed: {message}", case.what);
    assert!(!message.contains("panicked"), "{}: {message}", case.what);
    let steers = |c: char| c.is_control() && c != '\n';
    assert!(!message.contains(steers), "{}: {message:?}", case.what);
    message
}

#[test]
fn each_is_told_what_is_wrong() {
    let dir = tempfile::tempdir().unwrap();
    run("generate", dir.path(), &["--no-such-option"]);
    let idle = children();
    let cases: Vec<&Case> = [
        weights::CASES,
        configs::CASES,
        models::CASES,
        tables::CASES,
        options::CASES,
        outputs::CASES,
        hostile::CASES,
        tokenisers::CASES,
        identity::CASES,
        ownership::CASES,
    ]
    .into_iter()
    .flatten()
    .collect();
    assert!(cases.len() >= 150, "{} cases", cases.len());
    let mut wrong = Vec::new();
    for case in &cases {
        let dir = tempfile::tempdir().unwrap();
        (case.make)(dir.path());
        let before = children();
        let message = message(case, dir.path());
        let missing: Vec<_> = case.says.iter().filter(|part| !message.contains(**part)).collect();
        if !missing.is_empty() {
            wrong.push(format!("{}: {message}  lacks {missing:?}", case.what));
        }
        let memory = children();
        if memory > before && memory > idle + MEMORY {
            wrong.push(format!("{}: {memory} KiB, an idle process {idle} KiB", case.what));
        }
        assert!(!dir.path().join("owned").exists(), "{}: it ran a command", case.what);
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}
