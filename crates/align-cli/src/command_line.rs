//! Parses the whole command line.

use crate::commands::Command;
use crate::log::LogOptions;
use crate::usage::{explain, use_dashes};
use crate::{Failure, config_file, help, option_errors, resumed_options};
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
    /// The subcommand's options, for messages.
    #[arg(skip)]
    options: option_errors::Options,
}

impl CommandLine {
    /// How much the program says about its work.
    pub fn log_options(&self) -> LogOptions {
        self.log
    }

    /// Runs the subcommand.
    pub fn run(&self) -> Result<(), Failure> {
        self.command.run(command).map_err(|failure| self.options.name_in(failure))
    }
}

/// The program with its subcommands and their options.
pub fn command() -> clap::Command {
    help::configure(CommandLine::command())
}

/// Parses the command line. The options of `--config FILE` come first, so that the command line overrides them. `--resume` adds those
/// of the run.
pub fn parse() -> Result<CommandLine, Failure> {
    let program = command();
    let mut given: Vec<OsString> = std::env::args_os().collect();
    let at = subcommand_position(&given, &program);
    let Some(subcommand) = given.get(at).and_then(|name| program.find_subcommand(name)).cloned() else {
        let parsed = program.clone().try_get_matches_from(given);
        return from_matches(parsed, |error| explain(error, &program, None, &[], &[]));
    };
    let global = program.get_arguments().filter(|option| option.is_global_set());
    let subcommand = subcommand.args(global.cloned());
    let mut own = given.split_off(at + 1);
    use_dashes(&mut own, &subcommand);
    let mut from_files = Vec::new();
    if config_file::has_config_option(&subcommand) {
        let (file, rest) = config_file::extract_config_option(own)?;
        from_files = file.map(|file| config_file::read(&file, &subcommand, &program)).transpose()?.unwrap_or_default();
        from_files = config_file::without_repeated(from_files, &rest, &subcommand);
        own = from_files.iter().map(|option| option.argument.clone()).chain(rest).collect();
        let recorded = resumed_options::read(&own, &subcommand, &program)?;
        let recorded = config_file::without_repeated(recorded, &own, &subcommand);
        own.splice(0..0, recorded.iter().map(|option| option.argument.clone()));
        // The later of two equal options is the one in effect.
        from_files.splice(0..0, recorded);
    }
    given.extend(own.iter().cloned());
    let overridable = |subcommand: clap::Command| subcommand.args_override_self(!from_files.is_empty());
    let parser = program.clone().mut_subcommand(subcommand.get_name(), overridable);
    let explained = |error| explain(error, &program, Some(&subcommand), &own, &from_files);
    let mut parsed = from_matches(parser.try_get_matches_from(given), explained)?;
    parsed.options = option_errors::Options::of(&subcommand);
    Ok(parsed)
}

/// The position of the subcommand in the command line: after the options of the program.
fn subcommand_position(given: &[OsString], program: &clap::Command) -> usize {
    let takes_value = |argument: &OsString| {
        let options = program.get_arguments().filter(|option| option.get_action().takes_values());
        options.filter_map(clap::Arg::get_long).any(|long| argument.to_str() == Some(&format!("--{long}")))
    };
    let mut at = 1;
    while let Some(argument) = given.get(at).filter(|argument| argument.as_encoded_bytes().starts_with(b"-")) {
        at += 1 + usize::from(takes_value(argument));
    }
    at
}

fn from_matches(
    matches: Result<clap::ArgMatches, clap::Error>,
    explained: impl FnOnce(clap::Error) -> Failure,
) -> Result<CommandLine, Failure> {
    matches.and_then(|matches| CommandLine::from_arg_matches(&matches)).map_err(explained)
}
