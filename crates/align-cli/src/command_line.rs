//! Parses the whole command line.

use crate::commands::Command;
use crate::log::LogOptions;
use crate::{Failure, clap_settings, config_file};
use clap::{CommandFactory, FromArgMatches, Parser};
use std::ffi::OsString;

/// Preference optimisation of language models: generate, score and pair texts, train with DPO and its variants, compare the results.
#[derive(Parser)]
#[command(name = "align", bin_name = "align", version, arg_required_else_help = true)]
pub struct CommandLine {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    log: LogOptions,
}

impl CommandLine {
    /// How much the program says about its work.
    pub fn log_options(&self) -> LogOptions {
        self.log
    }

    /// Runs the subcommand.
    pub fn run(&self) -> Result<(), Failure> {
        self.command.run()
    }
}

/// Parses the command line. The keys of a subcommand's `--config FILE.toml` are read as options.
pub fn parse() -> Result<CommandLine, Failure> {
    let command = clap_settings::configure(CommandLine::command()).mut_subcommands(clap_settings::configure);
    let mut given: Vec<OsString> = std::env::args_os().collect();
    let named = given.get(1).and_then(|name| command.find_subcommand(name));
    let Some(subcommand) = named.filter(|subcommand| config_file::has_config_option(subcommand)) else {
        return Ok(CommandLine::from_arg_matches(&command.try_get_matches_from(given)?)?);
    };
    let (file, rest) = config_file::extract_config_option(given.split_off(2))?;
    let from_file = file.as_deref().map(|file| config_file::read(file, subcommand)).transpose()?.unwrap_or_default();
    given.extend(from_file.into_iter().chain(rest));
    // The last value of an option wins, so the command line overrides the file.
    let name = subcommand.get_name().to_owned();
    let command = command.mut_subcommand(name, |subcommand| subcommand.args_override_self(true));
    match (command.try_get_matches_from(given), file) {
        (Ok(matches), _) => Ok(CommandLine::from_arg_matches(&matches)?),
        (Err(error), Some(file)) if error.use_stderr() => {
            Err(format!("{}\n(this command line includes the options of {})", error.to_string().trim(), file.display())
                .into())
        }
        (Err(error), _) => Err(error.into()),
    }
}
