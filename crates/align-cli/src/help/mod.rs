//! The help of the program and its commands.

mod commands;
mod examples;
mod exit_codes;
mod headings;
mod option_names;
mod short;
mod unusable;
mod value_names;
mod width;

pub use exit_codes::EXIT_CODES;
pub use width::fit_stderr;
use width::help_width;

use clap::builder::StyledStr;
use clap::builder::styling::{AnsiColor, Style, Styles};
use clap::{Arg, ArgAction, Command};
use std::fmt::Write;

/// The order of the parts of `align --help`. The list of commands, grouped by purpose, replaces clap's.
const PROGRAM_TEMPLATE: &str =
    "{about-with-newline}\n{usage-heading} {usage}\n\n{before-help}Options:\n{options}{after-help}";

/// Puts the options of all commands after the others of their heading.
const GLOBAL_ORDER: usize = 100;

/// Configures the help of the program and of all of its commands.
pub fn configure(program: Command) -> Command {
    let styles = styles();
    program
        .term_width(help_width())
        .styles(styles.clone())
        .help_template(PROGRAM_TEMPLATE)
        .before_help(commands::list(*styles.get_header(), *styles.get_literal()))
        .after_help("Options of a command: align COMMAND -h, or align COMMAND --help for all of them.")
        .after_long_help(format!(
            "Options of a command: align COMMAND -h, or align COMMAND --help for all of them.\n\n{EXIT_CODES}"
        ))
        .disable_help_flag(true)
        .arg(help_option())
        .mut_args(|option| match option.is_global_set() {
            // In the help of commands they stand beside the other options for output.
            true => option.help_heading("Output").hide_short_help(true).display_order(GLOBAL_ORDER),
            false => option,
        })
        .mut_subcommands(configure_command)
}

/// Configures the help of a command.
fn configure_command(command: Command) -> Command {
    let ids: Vec<String> = command.get_arguments().map(|option| option.get_id().to_string()).collect();
    let about = command.get_about().map(|about| option_names::with_period(&about.to_string()));
    let command = about.into_iter().fold(command, Command::about);
    let command = command.disable_help_flag(true).arg(help_option()).mut_args(|option| {
        let option = value_names::with_default(value_names::assign(option_names::rewrite(option, &ids)));
        match option.get_action().takes_values() {
            // `--beta -1` fails with the valid range of beta, not with "unknown option -1".
            true => option.allow_negative_numbers(true),
            false => option,
        }
    });
    let (command, hidden) = short::hide_others(unusable::hide(headings::assign(command)));
    let name = command.get_name().to_owned();
    let examples = examples(&name);
    let mut short = examples.clone();
    if hidden > 0 {
        write!(short, "\n{hidden} more options: align {name} --help").ok();
    }
    command.after_help(short).after_long_help(examples)
}

fn examples(name: &str) -> StyledStr {
    let header = *styles().get_header();
    let examples = examples::of(name);
    let mut text = StyledStr::new();
    if !examples.is_empty() {
        writeln!(text, "{header}Example{}:{header:#}", if examples.len() == 1 { "" } else { "s" }).ok();
        for example in examples {
            writeln!(text, "  {}", width::wrapped_command(example, help_width())).ok();
        }
    }
    text
}

fn help_option() -> Arg {
    Arg::new("help")
        .short('h')
        .long("help")
        .action(ArgAction::Help)
        .help("Print help: -h the short form, --help all of it")
}

fn styles() -> Styles {
    let bold = Style::new().bold();
    Styles::styled()
        .header(bold.underline())
        .usage(bold.underline())
        .literal(bold)
        .error(AnsiColor::Red.on_default().bold())
        .valid(AnsiColor::Green.on_default())
        .invalid(AnsiColor::Yellow.on_default())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;
    use crate::command_line::{self, CommandLine};
    use clap::FromArgMatches;

    #[test]
    fn every_option_has_a_heading() {
        for command in command_line::command().get_subcommands() {
            for option in command.get_arguments().filter(|option| !option.is_hide_set()) {
                let (name, id) = (command.get_name(), option.get_id());
                assert!(option.get_help_heading().is_some(), "{name}: add {id} to the table of headings");
                assert!(option.get_help().is_some(), "{name} --{id} has no help");
            }
        }
    }

    #[test]
    fn the_short_help_shows_about_ten_options() {
        for name in [
            "dpo",
            "cpo",
            "kto",
            "sft",
            "reward",
            "train-classifier",
            "generate",
            "notebook",
            "frontier",
            "evaluate",
            "compare",
        ] {
            let program = command_line::command();
            let command = program.find_subcommand(name).unwrap();
            let others = command.get_arguments().filter(|option| option.get_id() != "help");
            let shown = others.filter(|o| !o.is_hide_set() && !o.is_hide_short_help_set()).count();
            assert!((4..=12).contains(&shown), "{name} -h shows {shown} options");
        }
    }

    #[test]
    fn the_help_fits_its_width() {
        let mut program = command_line::command();
        let names: Vec<String> = program.get_subcommands().map(|command| command.get_name().to_owned()).collect();
        let mut texts = vec![program.render_help(), program.render_long_help()];
        for name in &names {
            let command = program.find_subcommand_mut(name).unwrap();
            *command = std::mem::take(command).term_width(80);
            texts.extend([command.render_help(), command.render_long_help()]);
        }
        for text in texts {
            for line in text.to_string().lines() {
                assert!(line.chars().count() <= 80, "{line}");
            }
        }
    }

    #[test]
    fn the_examples_are_valid_commands() {
        for command in command_line::command().get_subcommands() {
            let name = command.get_name();
            let examples = examples::of(name);
            assert!(!examples.is_empty(), "{name} has no example");
            for example in examples {
                let words = example.split(' ').map(|word| word.trim_matches('"')).filter(|word| *word != "movie");
                let parsed = command_line::command().try_get_matches_from(words);
                CommandLine::from_arg_matches(&parsed.unwrap_or_else(|e| panic!("{example}: {e}"))).unwrap();
            }
        }
    }
}
