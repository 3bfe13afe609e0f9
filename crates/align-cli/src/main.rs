//! The program `align`: from prompts to an aligned model on the command line, with one subcommand per stage.
//!
//! Each subcommand is one file in `commands/`. The other files hold what several subcommands share.

mod aggregate_options;
mod column_option;
mod command_line;
mod commands;
mod config_file;
mod data_layout;
mod dry_run;
mod exit_code;
mod failure;
mod generation_options;
mod generation_record;
mod held_out;
mod help;
mod json_output;
mod judge_columns;
mod likes_options;
mod line_reader;
mod log;
mod memory_error;
mod models;
mod named_judge;
mod new_model;
mod notebook;
mod on_policy_options;
mod option_errors;
mod output;
mod output_paths;
mod peft;
mod preference_data;
mod processes;
mod prompt_files;
mod resumed_options;
mod reward_model;
mod rounds_options;
mod run_input;
mod run_options;
mod runtime;
mod shell_words;
mod signals;
mod streaming_options;
mod terminal;
mod tracker_options;
mod training_command;
mod training_files;
mod training_log;
mod training_summary;
mod usage;
mod wrong_options;

use failure::Failure;
use runtime::RuntimeOptions;
use std::process::ExitCode;

fn main() -> ExitCode {
    exit_code::run(|| {
        let command_line = command_line::parse()?;
        processes::read_launch()?;
        command_line.log_options().init(processes::rank());
        // Before LibTorch starts threads, so that the signals are blocked in all of them.
        signals::watch()?;
        command_line.run()
    })
}
