//! Shows how far several judges agree about texts, and what voting rules make of their scores.
//!
//! ```sh
//! align judges --input judged.csv --judges helpful,safe,fluent --report judges.html
//! ```

mod chosen_texts;
mod found;
mod json;
mod report;

use crate::column_option::ColumnOption;
use crate::json_output::JsonOption;
use crate::judge_columns::{JudgesArguments, Rules};
use crate::shell_words::quoted;
use crate::{Failure, models, output, output_paths, terminal};
use align_data::judges::JudgedPrompt;
use align_frontier::judge_agreement_tables;
use align_metrics::{Bootstrap, JudgeAgreement};
use clap::Args;
use found::Found;
use std::path::PathBuf;

/// The rules that are compared by default: one for each idea of what the judges' scores mean.
const DEFAULT_RULES: &str = "schulze,borda,maximal-lotteries,weighted-sum:zscore,leximin:quantile";

/// Prompts that are shown on the terminal with the texts that the rules choose.
const SHOWN_PROMPTS: usize = 3;

/// Shows how far several judges agree about texts, and what voting rules make of their scores.
#[derive(Args)]
#[command(mut_arg("judges", |arg| arg.required(true)))]
pub struct Options {
    /// Input table with the columns prompt and text, and a column of scores for each judge, as align classify --judge writes them: CSV,
    /// Parquet or JSONL.
    #[arg(long)]
    input: PathBuf,
    #[command(flatten)]
    columns: ColumnOption,
    #[command(flatten)]
    judges: JudgesArguments,
    /// Rules whose choices are compared (docs/judges.md has all rules).
    #[arg(long, value_name = "RULE,..", default_value = DEFAULT_RULES)]
    rules: Rules,
    /// Number of bootstrap resamples of the prompts for each confidence interval.
    #[arg(long, default_value_t = Bootstrap::default().resamples)]
    resamples: usize,
    /// Seed for the bootstrap resamples.
    #[arg(long, default_value_t = Bootstrap::default().seed)]
    seed: u64,
    /// Write an HTML report with the texts that the rules choose side by side.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Replace the report if it exists.
    #[arg(long, requires = "report")]
    overwrite: bool,
    #[command(flatten)]
    json: JsonOption,
}

pub fn run(options: &Options) -> Result<(), Failure> {
    options.json.begin();
    if let Some(report) = &options.report {
        output_paths::refuse_existing(report, options.overwrite)?;
        output_paths::refuse_inputs(report, [&options.input])?;
    }
    let bootstrap = Bootstrap { resamples: options.resamples, seed: options.seed, ..Bootstrap::default() };
    bootstrap.validate()?;
    let rules = options.rules.distinct()?;
    let file = align_base::printable_path(&options.input);
    let texts = options.judges.read(&options.input, &options.columns, rules)?;
    let prompts = texts.prompts()?;
    let scores: Vec<_> = prompts.iter().map(JudgedPrompt::table).collect();
    let agreement = JudgeAgreement::of(&scores, rules, &bootstrap).map_err(|e| format!("{file}: {e}"))?;
    let found = Found { texts: &texts, prompts: &prompts, agreement };
    if let Some(report) = &options.report {
        let page = report::page(&found, &models::file_name(&options.input), &bootstrap).to_html()?;
        output_paths::write_atomically(report, options.overwrite, |file| file.write_all(page.as_bytes()))?;
    }
    options.json.print(&json::document(&found), || {
        terminal::print_tables(&judge_agreement_tables(&found.agreement, &bootstrap));
        print_disputed(&found);
        if let Some(report) = &options.report {
            output::note!("report written to {}", align_base::printable_path(report));
        }
        let pairs = quoted(&output_paths::free_file_beside(&options.input, "pairs", "jsonl"));
        let rule = rules.first().map(|rule| quoted(rule.to_string().as_ref())).unwrap_or_default();
        let (judges, columns) = (options.judges.repeated(), options.columns.repeated());
        let input = quoted(&options.input);
        output::next(&format!(
            "align pair --aggregate {rule} {judges}{columns} --input {input} \\\n    --output {pairs}"
        ));
    })
}

/// Prints the texts that the rules choose for the first prompts on which they differ.
fn print_disputed(found: &Found<'_>) {
    let disputed = found.agreement.disputed();
    for prompt in disputed.iter().take(SHOWN_PROMPTS) {
        let Some(choice) = chosen_texts::choice(found, *prompt) else { continue };
        terminal::print_paragraph("", "  ", &format!("Prompt: {}", align_base::printable(&choice.prompt)));
        for text in choice.texts {
            let shown = align_base::printable(&text.text);
            terminal::print_paragraph("  ", "    ", &format!("{} ({}): {shown}", text.chosen_by, text.remark));
        }
        output::println!();
    }
    if disputed.len() > SHOWN_PROMPTS {
        output::note!("{} more prompts on which rules differ: see --report or --json", disputed.len() - SHOWN_PROMPTS);
    }
}
