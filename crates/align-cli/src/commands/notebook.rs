//! The notebook's pipeline with one loss, and with the other for comparison: generate, score, pair, train, compare.
//!
//! ```sh
//! align notebook --loss hinge
//! ```

use crate::Failure;
use crate::notebook::{self, NotebookOptions};
use align_losses::LossType;
use clap::{Args, ValueEnum};

/// Reproduces a notebook that aligns GPT-2 to write positive film reviews (docs/quick-start.md): generate, score, pair, train with the hinge
/// and the sigmoid loss, compare.
#[derive(Args)]
#[command(mut_arg("columns", |arg| arg.requires("train_file")))]
pub struct Options {
    /// The loss of the model that is saved in --output-dir; a model with the other loss is trained for comparison.
    #[arg(long, value_enum, default_value_t = Loss::Hinge)]
    loss: Loss,
    #[command(flatten)]
    notebook: NotebookOptions,
}

/// The notebook's losses.
#[derive(Clone, Copy, ValueEnum)]
enum Loss {
    Hinge,
    Sigmoid,
}

pub fn run(options: &Options) -> Result<(), Failure> {
    let loss = match options.loss {
        Loss::Hinge => LossType::Hinge,
        Loss::Sigmoid => LossType::Sigmoid,
    };
    notebook::run(&options.notebook, loss)
}
