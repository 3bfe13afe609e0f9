//! The command line as a whole.

use crate::commands::Command;
use crate::{Failure, clap_settings, config_file};
use clap::{CommandFactory, FromArgMatches, Parser};
use std::ffi::OsString;

/// Preference optimisation of language models: from prompts to an aligned model and the comparison of before and after.
#[derive(Parser)]
#[command(name = "align", bin_name = "align", version, arg_required_else_help = true)]
pub struct Program {
    #[command(subcommand)]
    command: Command,
}

impl Program {
    /// Does what the command line asks for.
    pub fn run(&self) -> Result<(), Failure> {
        self.command.run()
    }
}

/// Parses the command line; `--config FILE.toml` of a subcommand stands for its keys as options.
pub fn parse() -> Result<Program, Failure> {
    let command = clap_settings::prepare(Program::command()).mut_subcommands(clap_settings::prepare);
    let mut given: Vec<OsString> = std::env::args_os().collect();
    let named = given.get(1).and_then(|name| command.find_subcommand(name));
    let Some(subcommand) = named.filter(|subcommand| config_file::is_taken_by(subcommand)) else {
        return Ok(Program::from_arg_matches(&command.try_get_matches_from(given)?)?);
    };
    let (file, own) = config_file::take_out(given.split_off(2))?;
    let from_file = file.as_deref().map(|file| config_file::read(file, subcommand)).transpose()?.unwrap_or_default();
    given.extend(from_file.into_iter().chain(own));
    // The last of an option's values wins: the command line stands behind the file.
    let name = subcommand.get_name().to_owned();
    let command = command.mut_subcommand(name, |subcommand| subcommand.args_override_self(true));
    match (command.try_get_matches_from(given), file) {
        (Ok(matches), _) => Ok(Program::from_arg_matches(&matches)?),
        (Err(error), Some(file)) if error.use_stderr() => {
            Err(format!("{}\n(options of {} are part of this command line)", error.to_string().trim(), file.display())
                .into())
        }
        (Err(error), _) => Err(error.into()),
    }
}
