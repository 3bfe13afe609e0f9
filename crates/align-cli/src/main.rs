//! The program `align`: from prompts to an aligned model on the command line, a subcommand a stage.
//!
//! Each subcommand is one file in `commands/`; the other files are what several of them share.

mod clap_settings;
mod commands;
mod config_file;
mod decoding;
mod end;
mod failure;
mod held_out;
mod memory;
mod models;
mod notebook;
mod output;
mod peft;
mod places;
mod preference_data;
mod program;
mod progress;
mod reward_model;
mod run_options;
mod runtime;
mod scratch;
mod signals;
mod text_stream;

use failure::Failure;
use runtime::RuntimeOptions;
use std::process::ExitCode;

fn main() -> ExitCode {
    end::run(|| program::parse()?.run())
}
