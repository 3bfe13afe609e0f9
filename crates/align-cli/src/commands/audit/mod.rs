//! Says what is wrong with preference data before a run costs anything.
//!
//! ```sh
//! align audit pairs.jsonl --eval-file held-out.jsonl --report audit.html --fail-on leakage,contradictions=1%
//! ```

mod early;
mod options;
mod page;
mod read;
mod reference;
mod sampled_pairs;
mod tables;

pub use options::Options;
use std::path::PathBuf;

use crate::exit_code::FoundInData;
use crate::usage::UsageError;
use crate::{Failure, log, output, output_paths, terminal};
use align_audit::{AuditReport, Exceeded, Threshold, UnreadableRows};
use align_base::{counted, printable_path};
use align_data::tables::table_files;

pub fn run(options: &Options) -> Result<(), Failure> {
    options.json.begin();
    let options = &with_single_files(options)?;
    early::check(options)?;
    let _precision = options.runtime.set_matmul_precision()?;
    let model = options.model.as_deref().map(|name| reference::Model::load(name, options)).transpose()?;
    let (audit, sampled) = read::audit(options, model.as_ref())?;
    let mut report = audit.finish()?;
    if let (Some(model), Some(sampled)) = (&model, sampled) {
        reference::add_margins(&mut report, model, &sampled)?;
    }
    if let Some(unreadable) = &report.unreadable_held_out {
        log::warning(&warning(unreadable));
    }
    let exceeded = report.exceeded(&options.fail_on).map_err(|e| UsageError::new(format!("--fail-on {e}")))?;
    if let Some(path) = &options.report {
        let html = page::page(&report, options).to_html()?;
        output_paths::write_atomically(path, options.overwrite, |file| file.write_all(html.as_bytes()))?;
    }
    options.json.print(&report, || {
        print(&report);
        if let Some(path) = &options.report {
            output::note!("report written to {}", printable_path(path));
        }
    })?;
    match exceeded.as_slice() {
        [] => Ok(()),
        exceeded => Err(FoundInData(failure(exceeded)).into()),
    }
}

/// The options with the files that lists and patterns stand for.
fn with_single_files(options: &Options) -> Result<Options, Failure> {
    let all = |names: &[PathBuf]| -> Result<Vec<PathBuf>, Failure> {
        let files = names.iter().map(table_files).collect::<Result<Vec<_>, _>>()?;
        Ok(files.concat())
    };
    Ok(Options { files: all(&options.files)?, eval_file: all(&options.eval_file)?, ..options.clone() })
}

/// What an audit without all held-out rows may miss.
fn warning(unreadable: &UnreadableRows) -> String {
    let UnreadableRows { rows, problem, .. } = unreadable;
    format!(
        "{} cannot be read, so leakage of them is not found. The first one: {problem}",
        counted(*rows, "held-out row")
    )
}

fn print(report: &AuditReport) {
    terminal::print_paragraph("", "  ", &tables::summary(report));
    output::println!();
    terminal::print_tables(&tables::of_terminal(report));
    for finding in report.problems() {
        terminal::print_paragraph("- ", "  ", &tables::advice(finding));
    }
    for prediction in &report.predictions {
        let share = tables::percent(prediction.accuracy);
        let advice = tables::advice_on(prediction);
        let text = format!("{}: {} in {share} of the cases. {advice}", prediction.name, prediction.rule);
        terminal::print_paragraph("- ", "  ", &text);
    }
    for paragraph in tables::remarks(report) {
        output::println!();
        terminal::print_paragraph("", "  ", &paragraph);
    }
}

/// The results above their thresholds, in words.
fn failure(exceeded: &[Exceeded]) -> String {
    let words = exceeded.iter().map(|exceeded| {
        let Threshold { check, share } = exceeded.threshold;
        format!("{check}: {}, more than {}", tables::percent(exceeded.found), tables::percent(share))
    });
    format!("--fail-on: {}", words.collect::<Vec<_>>().join("; "))
}
