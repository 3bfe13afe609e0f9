//! The notebook with the hinge loss, end to end: generate, score, pair, train, compare.
//!
//! ```sh
//! cargo run --release --example dpo_hinge
//! ```

use align_losses::LossType;
use std::process::ExitCode;

fn main() -> ExitCode {
    align_cli::notebook(LossType::Hinge)
}
