//! Makes preference pairs from a table of scored texts: of two texts for one prompt, the one with the higher score is chosen.
//!
//! ```sh
//! align pair --input scored.csv --output pairs.jsonl --strategy best-worst
//! align pair --likes --input answers.csv --output pairs.jsonl
//! align pair --aggregate schulze --judges helpful,safe,fluent --input judged.csv --output pairs.jsonl
//! ```

use crate::aggregate_options::AggregateArguments;
use crate::column_option::ColumnOption;
use crate::data_layout::Layout;
use crate::json_output::JsonOption;
use crate::likes_options::LikesArguments;
use crate::shell_words::quoted;
use crate::signals::GracefulStop;
use crate::usage::UsageError;
use crate::{Failure, output, output_paths};
use align_choice::Rule;
use align_data::ScoredTexts;
use align_data::pairing::{PairOptions, PairStrategy};
use align_data::tables::{LikedTexts, check_output};
use clap::Args;
use serde_json::json;
use std::path::PathBuf;

/// Makes preference pairs from a table of texts with a score, with the scores of several judges, or with counts of likes.
#[derive(Args)]
pub struct Options {
    /// Input table with the columns prompt, text and score (or Prompt, Generated Text and Model Score): CSV, Parquet or JSONL. With
    /// --likes and --aggregate: see there.
    #[arg(long)]
    input: PathBuf,
    #[command(flatten)]
    columns: ColumnOption,
    /// Output table with the columns prompt, chosen, rejected, chosen_score and rejected_score: CSV, Parquet or JSONL.
    #[arg(long)]
    output: PathBuf,
    /// Which texts of a prompt are paired: random (two at random), best-worst (the best and the worst), or margin (all pairs whose
    /// scores differ by more than --margin) [default: random; margin with --aggregate].
    #[arg(long, value_name = "random|best-worst|margin")]
    strategy: Option<PairStrategy>,
    /// Number of pairs per prompt [default: 50 for random, 1 for best-worst, all for margin and --likes].
    #[arg(long)]
    pairs_per_prompt: Option<usize>,
    /// Pair two texts only if their scores differ by more than this; needs --strategy margin. With --aggregate these are the scores of the rule,
    /// if it has any [default: 0].
    #[arg(long)]
    margin: Option<f64>,
    #[command(flatten)]
    aggregate: AggregateArguments,
    #[command(flatten)]
    likes: LikesArguments,
    /// Seed for random pairs; best-worst does not use it [default: 0].
    #[arg(long)]
    seed: Option<u64>,
    /// Replace the output if it exists.
    #[arg(long)]
    overwrite: bool,
    #[command(flatten)]
    json: JsonOption,
}

pub fn run(options: &Options) -> Result<(), Failure> {
    options.json.begin();
    options.aggregate.check(options.likes.is_given())?;
    options.likes.check(options.strategy, options.margin, options.pairs_per_prompt, options.seed)?;
    let default = match options.aggregate.rule() {
        Some(_) => PairStrategy::MarginAbove { margin: 0.0 },
        None => PairStrategy::Random,
    };
    let strategy = match (options.strategy.unwrap_or(default), options.margin) {
        (PairStrategy::MarginAbove { .. }, Some(margin)) => PairStrategy::MarginAbove { margin },
        (strategy, None) => strategy,
        (strategy, Some(_)) => {
            let problem = format!("--margin has no effect with --strategy {strategy}: leave it out");
            return Err(UsageError::new(problem).into());
        }
    };
    check_output(&options.output, options.overwrite)?;
    output_paths::refuse_inputs(&options.output, [&options.input])?;
    if options.likes.is_given() {
        return from_likes(options);
    }
    if let Some(rule) = options.aggregate.rule() {
        return from_judges(options, rule, strategy);
    }
    let seed = options.seed.unwrap_or_default();
    let pairing = PairOptions { strategy, pairs_per_prompt: options.pairs_per_prompt, seed };
    let texts =
        options.columns.read(&[Layout::ScoredTexts], |names| ScoredTexts::read_renamed(&options.input, names))?;
    let (pairs, report) = texts.pair(&pairing)?;
    if pairs.is_empty() {
        return Err(format!("{}: no pairs can be made\n{report}", options.input.display()).into());
    }
    let _graceful_stop = GracefulStop::while_writing_files();
    pairs.write(&options.output, options.overwrite)?;
    options.json.print(&json!({ "output": options.output, "report": report }), || {
        output::note!("{report}");
        if 2 * report.repeated_pairs > report.pairs {
            output::note!("  fewer repeats: lower --pairs-per-prompt, or use --strategy best-worst");
        }
        written(options, "dpo", "");
    })
}

/// What the column of probabilities is for.
const PROBABILITY: &str = "\n  chosen_probability is how probable a pair is, for align dpo --soft-labels";

/// The option that uses it.
const SOFT_LABELS: &str = " --soft-labels";

/// Makes pairs out of the scores of several judges.
fn from_judges(options: &Options, rule: &Rule, strategy: PairStrategy) -> Result<(), Failure> {
    let pairing = options.aggregate.pairs(rule, strategy, options.pairs_per_prompt, options.seed)?;
    let texts = options.aggregate.judges.read(&options.input, &options.columns, std::slice::from_ref(rule))?;
    let (pairs, report) = texts.pair(&pairing)?;
    if pairs.is_empty() {
        return Err(format!("{}: no pairs can be made\n{report}", align_base::printable_path(&options.input)).into());
    }
    let _graceful_stop = GracefulStop::while_writing_files();
    pairs.write(&options.output, options.overwrite)?;
    options.json.print(&json!({ "output": options.output, "report": report }), || {
        output::note!("{report}{PROBABILITY}");
        written(options, "dpo", SOFT_LABELS);
    })
}

/// Makes pairs or labelled completions out of likes.
fn from_likes(options: &Options) -> Result<(), Failure> {
    let layouts = [Layout::LikedTexts, Layout::Texts];
    let texts = options.columns.read(&layouts, |names| LikedTexts::read_renamed(&options.input, names))?;
    let source = texts.source();
    let nothing = |what, report: String| format!("{}: no {what}\n{report}{source}", options.input.display());
    let print = |report: serde_json::Value, text: String, command, more| {
        options.json.print(&json!({ "output": options.output, "source": source, "report": report }), || {
            output::note!("{text}{source}");
            written(options, command, more);
        })
    };
    match options.likes.labels() {
        Some(labels) => {
            let (rows, report) = texts.label(&labels)?;
            if report.desirable == 0 || report.undesirable == 0 {
                let what = "desirable and undesirable completions can be told apart";
                return Err(nothing(what, report.to_string()).into());
            }
            let _graceful_stop = GracefulStop::while_writing_files();
            rows.write(&options.output, options.overwrite)?;
            print(serde_json::to_value(&report)?, report.to_string(), "kto", "")
        }
        None => {
            let (pairs, report) = texts.pair(&options.likes.pairs(options.pairs_per_prompt, options.seed))?;
            if pairs.is_empty() {
                return Err(nothing("pairs can be made", report.to_string()).into());
            }
            let _graceful_stop = GracefulStop::while_writing_files();
            pairs.write(&options.output, options.overwrite)?;
            print(serde_json::to_value(&report)?, format!("{report}{PROBABILITY}"), "dpo", SOFT_LABELS)
        }
    }
}

/// Names the output, and the command that trains on it with `more` options.
fn written(options: &Options, command: &str, more: &str) {
    output::note!("written to {}", align_base::printable_path(&options.output));
    let file = quoted(&options.output);
    output::next(&format!("align {command} --train-file {file}{more} --output-dir runs/{command}"));
}
