//! What `--dry-run` prints.

use crate::run_input::RunInput;
use crate::run_options::{Preparation, RunOptions, changes};
use crate::{Failure, log, output};
use align_base::{counted, format_duration, plural, printable_path};
use align_data::EncodeReport;
use align_torch::format_bytes;
use align_train::run::{DryRun, RowCounts};
use serde_json::{Value, json};
use std::path::Path;

/// Prints what a run would do.
pub fn print<F: RunInput>(run: &DryRun, options: &RunOptions<F>, preparation: &Preparation) -> Result<(), Failure> {
    if log::is_json() {
        log::training_record("dry_run", &json_object(run), String::new);
        return Ok(());
    }
    output::println!("dry run: nothing is trained or written");
    item("method", &run.methods.join(" and "));
    item("output", &printable_path(&options.output_dir));
    let trained = match run.trained_parameters {
        all if all == run.parameters => "all trained".to_owned(),
        trained => format!("{} of them trained", grouped(trained as u64)),
    };
    item("parameters", &format!("{}, {trained}", grouped(run.parameters as u64)));
    let [train_notes, eval_notes] = preparation.notes();
    rows("training", &options.files.train_name(), &run.train, train_notes);
    match (&run.eval, options.files.eval_name()) {
        (Some(counts), Some(name)) => rows("evaluation", &name, counts, eval_notes),
        _ => item("evaluation", "no --eval-file"),
    }
    let per_epoch = grouped(run.steps_per_epoch);
    let (batch, rate) = (counted(run.rows_per_step, "row"), run.learning_rate);
    item(
        "steps",
        &format!("{}, {per_epoch} per epoch, {batch} each, learning rate {rate:e}", grouped(run.total_steps)),
    );
    let available =
        run.available_memory.map_or_else(String::new, |bytes| format!("; {} are free", format_bytes(bytes)));
    item("memory", &format!("about {} besides the models{available}", format_bytes(run.memory.without_models())));
    let mut time = format!("about {} of training", format_duration(run.training_time));
    if run.eval.is_some() {
        time.push_str(&format!(", {} of evaluation", format_duration(run.evaluation_time)));
    }
    item("time", &time);
    Ok(())
}

fn item(name: &str, text: &str) {
    output::println!("  {name:<11} {text}");
}

fn rows(name: &str, file: &Path, counts: &RowCounts, notes: &[String]) {
    item(name, &printable_path(file));
    let line = |text: &str| item("", text);
    notes.iter().for_each(|note| line(note));
    line(&format!(
        "{} {}, {} {}, at most {} in a sequence",
        grouped(counts.rows as u64),
        plural(&counts.rows, counts.report.as_ref().map_or("row", EncodeReport::unit)),
        grouped(counts.tokens),
        plural(&counts.tokens, "token"),
        grouped(counts.longest as u64)
    ));
    if let Some(report) = &counts.report {
        changes(report).iter().for_each(|change| line(change));
    }
}

/// A number with commas between groups of three digits.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().filter_map(|group| std::str::from_utf8(group).ok()).collect();
    groups.join(",")
}

fn json_object(run: &DryRun) -> Value {
    let rows = |counts: &RowCounts| json!({ "rows": counts.rows, "tokens": counts.tokens, "longest": counts.longest, "report": counts.report });
    json!({
        "parameters": run.parameters,
        "trained_parameters": run.trained_parameters,
        "train": rows(&run.train),
        "eval": run.eval.as_ref().map(rows),
        "steps_per_epoch": run.steps_per_epoch,
        "total_steps": run.total_steps,
        "memory_bytes_besides_models": run.memory.without_models(),
        "available_memory_bytes": run.available_memory,
        "training_seconds": run.training_time.as_secs_f64(),
        "evaluation_seconds": run.evaluation_time.as_secs_f64(),
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn digits_are_in_groups_of_three() {
        assert_eq!([0, 12, 123, 1234, 1_234_567].map(super::grouped), ["0", "12", "123", "1,234", "1,234,567"]);
    }
}
