//! The report of a run while it goes on, made from the files in its folder.

use super::metrics_table::metrics_table;
use super::{option_entries, sample_comparisons, training_curves, training_note, versions};
use crate::{Error, Result, RunFolder, StepMean, TrainingRecords};
use align_base::printable_path;
use align_report::{Configuration, Report};
use serde_json::Value;
use std::path::Path;

/// The report of the run in a folder as it is now. `total_steps` are the steps of the whole run, if they are known.
pub(super) fn live_report(folder: &Path, total_steps: Option<u64>) -> Result<Report> {
    let metrics = folder.join(RunFolder::METRICS);
    let records = if metrics.exists() { TrainingRecords::read(&metrics)? } else { TrainingRecords::default() };
    let options = options(&folder.join(RunFolder::CONFIG))?;
    let last = records.steps.last().map(|mean| {
        let before = records.steps.iter().rev().nth(1).map_or(0, |record| record.step);
        StepMean { first_step: (before + 1).min(mean.step), mean: mean.clone() }
    });
    let evaluation = records.evaluations.last();
    let caption = match evaluation {
        Some(record) => {
            format!("Metrics of the last logged steps, and of the held-out rows after step {}.", record.step)
        }
        None => "Metrics of the last logged steps.".to_owned(),
    };
    let text = |name: &str| options.get(name).and_then(Value::as_str);
    let has_held_out = ["eval_file", "dataset_test_split"].iter().any(|name| options.get(name).is_some());
    let mut report = Report {
        title: printable_path(folder),
        subtitle: subtitle(text("command"), &records, total_steps),
        training: training_curves(&[("run", &records)]),
        training_note: match (has_held_out, records.evaluations.is_empty()) {
            // They may be evaluated at the end.
            (true, true) if !records.steps.is_empty() => String::new(),
            _ if records.steps.is_empty() => "No step is logged yet.".to_owned(),
            _ => training_note(&records, has_held_out),
        },
        configuration: vec![Configuration { title: "Options".to_owned(), entries: option_entries(&options) }],
        versions: versions(),
        ..Report::default()
    };
    if last.is_some() || evaluation.is_some() {
        report.tables.push(metrics_table(last.as_ref(), evaluation, caption));
    }
    let samples = folder.join(RunFolder::SAMPLES);
    if samples.exists() {
        report.texts.extend(sample_comparisons(&samples, evaluation.map_or(0, |record| record.step)).ok().flatten());
    }
    Ok(report)
}

/// What is trained, and how far.
fn subtitle(command: Option<&str>, records: &TrainingRecords, total_steps: Option<u64>) -> String {
    let last = records.steps.last();
    let steps = last.map(|record| match total_steps {
        Some(total) => format!("step {} of {total}", record.step),
        None => format!("step {}", record.step),
    });
    let command = command.map(|name| format!("align {name}"));
    let epoch = last.map(|record| format!("epoch {:.2}", record.epoch));
    [command, steps, epoch].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// The options in the folder of a run.
fn options(path: &Path) -> Result<Value> {
    let fail = |reason: String| Error::Records { path: path.to_owned(), reason };
    if !path.exists() {
        return Ok(Value::Null);
    }
    let text = std::fs::read_to_string(path).map_err(|e| fail(e.to_string()))?;
    toml::from_str(&text).map_err(|e| fail(e.to_string()))
}
