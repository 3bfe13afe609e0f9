//! The notebook with the hinge loss, end to end: generate, score, pair, train, compare.
//!
//! ```sh
//! cargo run --release --example dpo_hinge
//! ```

mod common;

use align_losses::LossType;
use clap::Parser;
use common::notebook::{self, NotebookOptions};
use std::process::ExitCode;

/// The notebook with the hinge loss, end to end: generate, score, pair, train, compare.
#[derive(Parser)]
struct Options {
    #[command(flatten)]
    notebook: NotebookOptions,
}

fn main() -> ExitCode {
    common::run(|| notebook::run(&common::options::parse::<Options>()?.notebook, LossType::Hinge))
}
