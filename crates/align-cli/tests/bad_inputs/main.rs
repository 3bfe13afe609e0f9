//! Bad inputs and the program's error messages: each names the file, the position, what was expected and what was found. The program
//! must not panic, and must not use more than 200 MB above an idle process.
//!
//! This is a single test because the system reports the peak memory of all child processes together.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod case;
mod compare;
mod configs;
mod conversations;
mod gguf;
mod hostile;
mod identity;
mod judges;
mod likes;
mod models;
mod options;
mod outputs;
mod ownership;
mod pair_numbers;
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
use std::sync::Mutex;
use support::{golden_path, run};

/// The memory that a rejected command may use above an idle process, in KiB.
const MAX_EXTRA_MEMORY: i64 = 200 << 10;

/// The peak memory of any child process so far, in KiB.
fn peak_memory() -> i64 {
    getrusage(UsageWho::RUSAGE_CHILDREN).unwrap().max_rss()
}

fn message(case: &Case, dir: &Path) -> String {
    let long = "This movie was ".repeat(100);
    let distilbert = golden_path("models/distilbert-tiny");
    let words = case.command.split(' ').map(|word| match word {
        "LONG" => long.as_str(),
        "DISTILBERT" => distilbert.as_str(),
        word => word,
    });
    let words: Vec<&str> = words.collect();
    let output = run(words[0], dir, &words[1..]);
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success(), "{}: accepted", case.name);
    assert!(output.status.code().is_some(), "{}: killed: {message}", case.name);
    assert!(!message.contains("panicked"), "{}: {message}", case.name);
    let is_control = |c: char| c.is_control() && c != '\n';
    assert!(!message.contains(is_control), "{}: {message:?}", case.name);
    message
}

#[test]
fn bad_inputs_are_rejected_with_a_clear_message() {
    let dir = tempfile::tempdir().unwrap();
    run("generate", dir.path(), &["--no-such-option"]);
    let idle = peak_memory();
    let cases: Vec<&Case> = [
        weights::CASES,
        gguf::CASES,
        configs::CASES,
        models::CASES,
        tables::CASES,
        likes::CASES,
        judges::CASES,
        compare::CASES,
        pair_numbers::CASES,
        conversations::CASES,
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
    let (next, wrong) = (Mutex::new(cases.iter()), Mutex::new(Vec::new()));
    let check_cases = || {
        loop {
            let Some(case) = next.lock().unwrap().next() else { break };
            let problems = problems(case, idle);
            wrong.lock().unwrap().extend(problems);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().unwrap().get() {
            scope.spawn(check_cases);
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

/// What is wrong with the error message of a case, and with the memory that the command used.
fn problems(case: &Case, idle: i64) -> Vec<String> {
    let dir = tempfile::tempdir().unwrap();
    (case.prepare)(dir.path());
    let before = peak_memory();
    let message = message(case, dir.path());
    let mut wrong = Vec::new();
    let missing: Vec<_> = case.message_parts.iter().filter(|part| !message.contains(**part)).collect();
    if !missing.is_empty() {
        wrong.push(format!("{}: {message}  lacks {missing:?}", case.name));
    }
    let memory = peak_memory();
    if memory > before && memory > idle + MAX_EXTRA_MEMORY {
        wrong.push(format!("{}, or a case beside it: {memory} KiB, an idle process {idle} KiB", case.name));
    }
    assert!(!dir.path().join("owned").exists(), "{}: it ran a command", case.name);
    wrong
}
