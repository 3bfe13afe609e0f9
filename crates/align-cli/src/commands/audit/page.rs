//! The HTML report.

use super::options::Options;
use super::tables;
use crate::models;
use align_audit::AuditReport;
use align_base::counted;
use align_report::{Configuration, Entry, Report};
use std::path::PathBuf;

pub fn page(report: &AuditReport, options: &Options) -> Report {
    Report {
        title: "Audit of preference data".to_owned(),
        subtitle: file_names(&options.files),
        summary: format!("{}.", tables::summary(report)),
        statements: statements(report),
        tables: tables::of_report(report),
        configuration: vec![
            Configuration { title: "Files".to_owned(), entries: files(report) },
            Configuration { title: "What to do".to_owned(), entries: advice(report) },
            Configuration { title: "Options".to_owned(), entries: entries(options) },
        ],
        versions: vec![Entry::new("align", env!("CARGO_PKG_VERSION"))],
        ..Report::default()
    }
}

/// The first findings in the order of the checks, which begins with the worst, and the best prediction.
fn statements(report: &AuditReport) -> Vec<String> {
    let problems: Vec<_> = report.problems().collect();
    let mut statements = Vec::new();
    if problems.is_empty() {
        statements.push("No check of rows found anything.".to_owned());
    }
    let sentence = |finding: &&align_audit::Finding| {
        format!("{}: {} of {} rows ({}).", finding.name, finding.count, finding.of, tables::percent(finding.share))
    };
    statements.extend(problems.iter().take(3).map(sentence));
    let best = report.predictions.iter().max_by(|a, b| a.accuracy.total_cmp(&b.accuracy));
    statements.extend(
        best.map(|best| format!("{}: {} in {} of the cases.", best.name, best.rule, tables::percent(best.accuracy))),
    );
    statements
}

fn files(report: &AuditReport) -> Vec<Entry> {
    let name = |file: &str| models::file_name(std::path::Path::new(file));
    let own = report.files.iter().map(|file| Entry::new(name(&file.file), counted(file.rows, "row")));
    let held_out = report.held_out_files.iter();
    let held_out = held_out.map(|file| Entry::new(name(&file.file), counted(file.rows, "held-out row")));
    own.chain(held_out).collect()
}

fn advice(report: &AuditReport) -> Vec<Entry> {
    let findings = report.problems().map(|finding| {
        let advice = tables::advice(finding);
        let text = advice.split_once(": ").map_or(advice.clone(), |(_, text)| text.to_owned());
        Entry::new(finding.name.name(), text)
    });
    let predictions = report.predictions.iter();
    findings
        .chain(predictions.map(|prediction| Entry::new(prediction.name.name(), tables::advice_on(prediction))))
        .collect()
}

fn entries(options: &Options) -> Vec<Entry> {
    let model = options.model.as_deref().map(|name| Entry::new("--model", models::display_name(Some(name), "")));
    let limit = options.max_length.map(|limit| Entry::new("--max-length", limit.to_string()));
    let sample =
        [Entry::new("--sample-rows", options.sample_rows.to_string()), Entry::new("--seed", options.seed.to_string())];
    model.into_iter().chain(limit).chain(sample).collect()
}

/// The names of files, without their folders, for reports.
fn file_names(files: &[PathBuf]) -> String {
    let names: Vec<String> = files.iter().map(|file| models::file_name(file)).collect();
    match names.as_slice() {
        [first, _, _, _, ..] => format!("{first} and {} more", counted(names.len() - 1, "file")),
        names => names.join(", "),
    }
}
