//! The notebook with the sigmoid loss, end to end: generate, score, pair, train, compare.
//!
//! ```sh
//! cargo run --release --example dpo_sigmoid
//! ```

use align_losses::LossType;
use std::process::ExitCode;

fn main() -> ExitCode {
    align_cli::notebook(LossType::Sigmoid)
}
