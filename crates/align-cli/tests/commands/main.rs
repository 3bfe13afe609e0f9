//! Runs the program's commands end to end, from prompts to a report.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod adapters;
mod chat;
mod columns;
mod compare;
mod convert;
mod decoding;
mod evaluate;
mod json;
mod judges;
mod likes;
mod model_cards;
mod new_models;
mod notebook;
mod reward;
mod sample_prompts;
mod stages;
#[path = "../support/mod.rs"]
mod support;
mod training;

use std::path::Path;
use support::run;

fn ok(name: &str, dir: &Path, args: &[&str]) -> String {
    let output = run(name, dir, args);
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(output.status.success(), "{name} {args:?}\n{out}\n{err}");
    out
}

fn lines(path: &Path) -> Vec<serde_json::Value> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
