//! Makes preference pairs from a table of scored texts: of two texts for one prompt, the one with the higher score is chosen.
//!
//! ```sh
//! align pair --input scored.csv --output pairs.jsonl --strategy best-worst
//! ```

use crate::column_option::ColumnOption;
use crate::data_layout::Layout;
use crate::json_output::JsonOption;
use crate::shell_words::quoted;
use crate::signals::GracefulStop;
use crate::usage::UsageError;
use crate::{Failure, output, output_paths};
use align_data::ScoredTexts;
use align_data::pairing::{PairOptions, PairStrategy};
use align_data::tables::check_output;
use clap::Args;
use serde_json::json;
use std::path::PathBuf;

/// Makes preference pairs from a table of scored texts.
#[derive(Args)]
pub struct Options {
    /// Input table with the columns prompt, text and score (or Prompt, Generated Text and Model Score): CSV, Parquet or JSONL.
    #[arg(long)]
    input: PathBuf,
    #[command(flatten)]
    columns: ColumnOption,
    /// Output table with the columns prompt, chosen, rejected, chosen_score and rejected_score: CSV, Parquet or JSONL.
    #[arg(long)]
    output: PathBuf,
    /// Which texts of a prompt are paired: random (two at random), best-worst (the best and the worst), or margin (all pairs whose
    /// scores differ by more than --margin).
    #[arg(long, default_value = "random", value_name = "random|best-worst|margin")]
    strategy: PairStrategy,
    /// Number of pairs per prompt [default: 50 for random, 1 for best-worst, all for margin].
    #[arg(long)]
    pairs_per_prompt: Option<usize>,
    /// Pair two texts only if their scores differ by more than this; needs --strategy margin [default: 0].
    #[arg(long)]
    margin: Option<f64>,
    /// Seed for random pairs; best-worst does not use it.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Replace the output if it exists.
    #[arg(long)]
    overwrite: bool,
    #[command(flatten)]
    json: JsonOption,
}

pub fn run(options: &Options) -> Result<(), Failure> {
    options.json.begin();
    let strategy = match (options.strategy, options.margin) {
        (PairStrategy::MarginAbove { .. }, Some(margin)) => PairStrategy::MarginAbove { margin },
        (strategy, None) => strategy,
        (strategy, Some(_)) => {
            let problem = format!("--margin has no effect with --strategy {strategy}: leave it out");
            return Err(UsageError::new(problem).into());
        }
    };
    check_output(&options.output, options.overwrite)?;
    output_paths::refuse_inputs(&options.output, [&options.input])?;
    let pairing = PairOptions { strategy, pairs_per_prompt: options.pairs_per_prompt, seed: options.seed };
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
        output::note!("written to {}", align_base::printable_path(&options.output));
        output::next(&format!("align dpo --train-file {} --output-dir runs/dpo", quoted(&options.output)));
    })
}
