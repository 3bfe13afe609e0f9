//! Planted faults of known number are found, each with its number.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod planted;
mod texts;

use align_audit::{Audit, AuditOptions};
use align_data::tables::{AuditBlocks, ColumnNames};
use serde_json::Value;
use std::path::Path;

/// The report on a file, as JSON.
fn audit(folder: &Path, file: &str, held_out: Option<&str>) -> Value {
    let mut audit = Audit::new(AuditOptions::default()).unwrap();
    let blocks = |file: &str| AuditBlocks::open(&[folder.join(file)], &ColumnNames::default()).unwrap();
    if let Some(held_out) = held_out {
        audit.begin_held_out_file(held_out);
        let mut blocks = blocks(held_out);
        while let Some(block) = blocks.next_block().unwrap() {
            audit.add_held_out(&block.rows.to_numbered(None).unwrap()).unwrap();
        }
    }
    audit.begin_file(file);
    let mut blocks = blocks(file);
    while let Some(block) = blocks.next_block().unwrap() {
        block.unreadable.iter().for_each(|(number, problem)| audit.add_unreadable(*number, problem).unwrap());
        audit.add(&block.rows.to_numbered(None).unwrap()).unwrap();
    }
    serde_json::to_value(audit.finish().unwrap()).unwrap()
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

#[test]
fn each_planted_fault_of_pairs_is_found_with_its_number() {
    let folder = tempfile::tempdir().unwrap();
    planted::write_pairs(folder.path());
    let report = audit(folder.path(), "pairs.jsonl", Some("held-out.jsonl"));
    for (fault, planted) in planted::FAULTS {
        assert_eq!(count(&report, fault), planted as u64, "{fault}: {}", finding(&report, fault));
    }
    let absent = ["unknown-roles", "repeated-roles", "answer-roles", "empty-system", "doubled-bos", "special-tokens"];
    absent.iter().for_each(|fault| assert_eq!(count(&report, fault), 0, "{fault}"));
    let noise = finding(&report, "label-noise");
    let (found, error) = (noise["count"].as_f64().unwrap(), noise["exactness"]["standard_error"].as_f64().unwrap());
    // Faults that swap sides or copy texts are label noise to a model, too.
    let planted = (planted::NOISE + 9) as f64;
    assert!((found - planted).abs() <= 3.0 * error + 3.0, "{found} of {planted}, standard error {error}");
    let length = prediction(&report, "length-bias");
    let (low, high) = (length["low"].as_f64().unwrap(), length["high"].as_f64().unwrap());
    assert!(low < 0.74 && 0.70 < high && high - low < 0.04, "{length}");
    let words = prediction(&report, "word-bias")["accuracy"].as_f64().unwrap();
    assert!((0.9..1.0).contains(&words), "{words}");
}

#[test]
fn each_planted_fault_of_conversations_is_found_with_its_number() {
    let folder = tempfile::tempdir().unwrap();
    planted::write_conversations(folder.path());
    let report = audit(folder.path(), "chat.json", None);
    for (fault, planted) in planted::CHAT_FAULTS {
        assert_eq!(count(&report, fault), planted as u64, "{fault}: {}", finding(&report, fault));
    }
    for fault in ["equal", "empty", "empty-prompt", "duplicates", "near-duplicates", "contradictions", "mojibake"] {
        assert_eq!(count(&report, fault), 0, "{fault}");
    }
}
