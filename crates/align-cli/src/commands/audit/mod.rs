//! Says what is wrong with preference data before a run costs anything.
//!
//! ```sh
//! align audit pairs.jsonl --eval-file held-out.jsonl --report audit.html --fail-on leakage,contradictions=1%
//! ```

mod page;
mod read;
mod reference;
mod tables;

use crate::column_option::ColumnOption;
use crate::exit_code::FoundInData;
use crate::json_output::JsonOption;
use crate::usage::UsageError;
use crate::{Failure, RuntimeOptions, models, output, output_paths, terminal};
use align_audit::{AuditReport, Exceeded, Threshold};
use align_base::{counted, printable_path};
use clap::Args;
use std::path::PathBuf;

/// Says what is wrong with preference data: duplicates, leakage, contradictions, biases, label noise, encodings, templates.
#[derive(Args)]
pub struct Options {
    /// Files to audit, with pairs, labelled completions, scored texts or completions, of texts or conversations: CSV, Parquet, JSONL or JSON.
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Held-out files, whose prompts must not be in the audited ones.
    #[arg(long, num_args = 1..)]
    eval_file: Vec<PathBuf>,
    #[command(flatten)]
    columns: ColumnOption,
    /// Column that says where the chosen text of a pair was shown: A or B, first or second, left or right, 0 or 1.
    #[arg(long, value_name = "COLUMN")]
    position_column: Option<String>,
    /// Language model whose tokeniser and chat template count tokens: a folder, a GGUF file, or user/name[@revision] on the hub.
    #[arg(long)]
    model: Option<String>,
    /// Maximum number of tokens in a prompt and its completion together, as in training [default: the model's limit].
    #[arg(long, requires = "model")]
    max_length: Option<usize>,
    /// Compute with --model how many chosen texts it prefers already, on this many pairs.
    #[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = "200", requires = "model")]
    reference_margins: Option<usize>,
    /// Number of rows from which models of words and of labels are trained.
    #[arg(long, default_value_t = align_audit::AuditOptions::default().sample)]
    sample_rows: usize,
    /// Seed of the samples of rows.
    #[arg(long, default_value_t = align_audit::AuditOptions::default().seed)]
    seed: u64,
    /// End with exit code 65 if a finding exceeds a share of rows or of right predictions: leakage,equal=0.01,duplicates=1%,length-bias=0.7.
    #[arg(long, value_name = "NAME[=SHARE],..", value_delimiter = ',')]
    fail_on: Vec<Threshold>,
    /// Write an HTML report.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Replace the report if it exists.
    #[arg(long, requires = "report")]
    overwrite: bool,
    #[command(flatten)]
    json: JsonOption,
    #[command(flatten)]
    runtime: RuntimeOptions,
}

pub fn run(options: &Options) -> Result<(), Failure> {
    options.json.begin();
    if options.reference_margins == Some(0) || options.sample_rows == 0 {
        return Err(UsageError::new("--reference-margins and --sample-rows: expected at least 1 row").into());
    }
    if let Some(report) = &options.report {
        output_paths::refuse_existing(report, options.overwrite)?;
        output_paths::refuse_inputs(report, options.files.iter().chain(&options.eval_file))?;
    }
    let _precision = options.runtime.set_matmul_precision()?;
    let model = options.model.as_deref().map(|name| reference::Model::load(name, options)).transpose()?;
    let (audit, sampled) = read::audit(options, model.as_ref())?;
    let mut report = audit.finish()?;
    if let (Some(model), Some(sampled)) = (&model, sampled) {
        reference::add_margins(&mut report, model, &sampled)?;
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

fn print(report: &AuditReport) {
    terminal::print_paragraph("", "  ", &tables::summary(report));
    output::println!();
    terminal::print_tables(&tables::of_terminal(report));
    for finding in report.problems() {
        terminal::print_paragraph("- ", "  ", &tables::advice(finding));
    }
    for prediction in &report.predictions {
        let share = tables::percent(prediction.accuracy);
        let text = format!("{}: {} in {share} of the cases. {}", prediction.name, prediction.rule, prediction.advice);
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

/// The names of files, without their folders, for reports.
fn file_names(files: &[PathBuf]) -> String {
    let names: Vec<String> = files.iter().map(|file| models::file_name(file)).collect();
    match names.as_slice() {
        [first, _, _, _, ..] => format!("{first} and {} more", counted(names.len() - 1, "file")),
        names => names.join(", "),
    }
}
