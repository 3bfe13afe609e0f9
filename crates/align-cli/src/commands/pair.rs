//! Makes preference pairs out of a table of scored texts: of two texts for one prompt, the better one is chosen.
//!
//!     align pair --input scored.csv --output pairs.jsonl --strategy best-worst

use crate::signals::Keeping;
use crate::{Failure, output, places};
use align_data::ScoredTexts;
use align_data::pairing::{PairOptions, PairStrategy};
use align_data::tables::check_output;
use clap::Args;
use std::path::PathBuf;

/// Makes preference pairs out of a table of scored texts.
#[derive(Args)]
pub struct Options {
    /// Table with the columns prompt, text and score (or the notebook's): .csv, .parquet or .jsonl.
    #[arg(long)]
    input: PathBuf,
    /// Where the pairs go, with the columns prompt, chosen, rejected, chosen_score and rejected_score: .csv, .parquet
    /// or .jsonl.
    #[arg(long)]
    output: PathBuf,
    /// Which texts of a prompt are paired: two at `random`, the `best-worst`, or all whose scores differ by more than a
    /// `margin`.
    #[arg(long, default_value = "random")]
    strategy: PairStrategy,
    /// Pairs of each prompt [default: 50 for random, 1 for best-worst, all for margin].
    #[arg(long)]
    pairs_per_prompt: Option<usize>,
    /// The difference of scores that a pair must exceed; only with the strategy margin [default: 0].
    #[arg(long)]
    margin: Option<f64>,
    /// Seed of what is drawn at random; best-worst draws nothing.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Replace the output if it exists.
    #[arg(long)]
    overwrite: bool,
}

pub fn run(options: &Options) -> Result<(), Failure> {
    let strategy = match (options.strategy, options.margin) {
        (PairStrategy::MarginAbove { .. }, Some(margin)) => PairStrategy::MarginAbove { margin },
        (strategy, None) => strategy,
        (strategy, Some(_)) => {
            return Err(format!("--margin says nothing to --strategy {strategy}: leave it out").into());
        }
    };
    check_output(&options.output, options.overwrite)?;
    places::refuse_inputs(&options.output, [&options.input])?;
    let pairing = PairOptions { strategy, pairs_per_prompt: options.pairs_per_prompt, seed: options.seed };
    let (pairs, report) = ScoredTexts::read(&options.input)?.pair(&pairing)?;
    if pairs.is_empty() {
        return Err(format!("{}: no pair can be made\n{report}", options.input.display()).into());
    }
    let _keeping = Keeping::files();
    pairs.write(&options.output, options.overwrite)?;
    output::println!("{report}");
    output::println!("written to {}", align_base::printable_path(&options.output));
    Ok(())
}
