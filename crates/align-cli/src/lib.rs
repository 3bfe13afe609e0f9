//! The program `align`: from prompts to an aligned model on the command line, a subcommand a stage.
//!
//! Each subcommand is one file in `commands/`; the other files are what several of them share.

mod commands;
mod config_file;
mod decoding;
mod end;
mod memory;
mod models;
mod notebook;
mod options;
mod output;
mod peft;
mod places;
mod preference_data;
mod program;
mod progress;
mod prompts;
mod report;
mod reward_model;
mod run_page;
mod runtime;
mod scratch;
mod signals;
mod text_stream;
mod training;

use align_losses::LossType;
use runtime::RuntimeOptions;
use std::process::ExitCode;

/// Any error that ends the program.
type Failure = Box<dyn std::error::Error>;

/// Runs the program on the process's arguments.
pub fn main() -> ExitCode {
    end::run(|| program::parse()?.run())
}

/// The notebook with this loss, as a program of its own.
pub fn notebook(loss: LossType) -> ExitCode {
    end::run(|| notebook::run(&options::parse::<NotebookProgram>()?.notebook, loss))
}

/// The notebook's path, end to end: generate, score, pair, train, compare.
#[derive(clap::Parser)]
struct NotebookProgram {
    #[command(flatten)]
    notebook: notebook::NotebookOptions,
}
