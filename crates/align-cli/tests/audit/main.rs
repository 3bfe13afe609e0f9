//! `align audit` finds planted faults, in every form of preference data, and fails on thresholds.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod edges;
mod forms;
#[path = "../../../align-data/tests/audits/planted.rs"]
#[allow(dead_code)]
mod planted;
#[path = "../support/mod.rs"]
mod support;
#[path = "../../../align-data/tests/audits/texts.rs"]
mod texts;

use serde_json::Value;
use std::path::Path;
use std::process::Output;

/// Runs `align audit`, which must succeed, and returns its document.
fn audit(folder: &Path, args: &[&str]) -> Value {
    let output = support::run("audit", folder, &[args, &["--json"]].concat());
    assert!(output.status.success(), "{args:?}: {}", stderr(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The result of a check of rows.
fn finding<'a>(report: &'a Value, name: &str) -> &'a Value {
    let mut findings = report["findings"].as_array().unwrap().iter();
    findings
        .find(|finding| finding["name"] == name)
        .unwrap_or_else(|| panic!("{name} was not checked: {}", report["not_checked"]))
}

fn count(report: &Value, name: &str) -> u64 {
    finding(report, name)["count"].as_u64().unwrap()
}

fn prediction<'a>(report: &'a Value, name: &str) -> &'a Value {
    let mut predictions = report["predictions"].as_array().unwrap().iter();
    predictions.find(|prediction| prediction["name"] == name).unwrap_or_else(|| panic!("no {name}"))
}

/// Why a check did not run.
fn not_checked<'a>(report: &'a Value, name: &str) -> &'a str {
    let mut all = report["not_checked"].as_array().unwrap().iter();
    all.find(|check| check["name"] == name).unwrap_or_else(|| panic!("{name} was checked"))["why"].as_str().unwrap()
}

#[test]
fn planted_leakage_fails_on_leakage_only_if_there_is_any() {
    let folder = tempfile::tempdir().unwrap();
    planted::write_pairs(folder.path());
    let fail = |threshold: &str| {
        let args = ["pairs.jsonl", "--eval-file", "held-out.jsonl", "--fail-on", threshold];
        support::run("audit", folder.path(), &args)
    };
    let output = fail("leakage");
    assert_eq!(output.status.code(), Some(65), "{}", stderr(&output));
    assert!(stderr(&output).contains("leakage: 0.4"), "{}", stderr(&output));
    assert_eq!(fail("leakage=1%,equal=0.01").status.code(), Some(0));
    assert_eq!(fail("leakage=1%,equal=0.1%").status.code(), Some(65));
    assert_eq!(fail("length-bias=0.9").status.code(), Some(0));
    assert_eq!(fail("special-tokens").status.code(), Some(0), "a threshold of nothing found is kept");
    let output = support::run("audit", folder.path(), &["pairs.jsonl", "--fail-on", "leakage"]);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert!(stderr(&output).contains("give --eval-file"), "{}", stderr(&output));
}

#[test]
fn the_terminal_fits_80_columns_and_the_page_is_self_contained() {
    let folder = tempfile::tempdir().unwrap();
    planted::write_pairs(folder.path());
    let args = ["pairs.jsonl", "--eval-file", "held-out.jsonl", "--report", "audit.html"];
    let output = support::run("audit", folder.path(), &args);
    assert!(output.status.success(), "{}", stderr(&output));
    let text = String::from_utf8(output.stdout).unwrap();
    for line in text.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
    for (fault, _) in planted::FAULTS {
        assert!(text.contains(fault), "{fault} is missing:\n{text}");
    }
    let page = std::fs::read_to_string(folder.path().join("audit.html")).unwrap();
    // The worst findings come first, not the most frequent ones.
    let place = |text: &str| page.find(text).unwrap_or_else(|| panic!("{text} is missing"));
    assert!(place("unreadable: 3 of") < place("equal: 11 of") && place("equal: 11 of") < place("empty: 7 of"));
    assert!(page.contains("near-duplicates") && !page.contains("<script") && !page.contains("src=\"http"));
    let again = support::run("audit", folder.path(), &args);
    assert!(!again.status.success() && stderr(&again).contains("--overwrite"), "{}", stderr(&again));
}
