use crate::exit_code::EXIT_CODES;
use clap::builder::StyledStr;
use clap::{Arg, Command};

/// Settings shared by all commands. Negative numbers are accepted as values, so that `--beta -1` fails with the valid range of
/// beta, not with "unknown option -1".
pub fn configure(command: Command) -> Command {
    let ids: Vec<String> = command.get_arguments().map(|option| option.get_id().to_string()).collect();
    command.after_help(EXIT_CODES).mut_args(|option| {
        let option = with_option_names(option, &ids);
        match option.get_action().takes_values() {
            true => option.allow_negative_numbers(true),
            false => option,
        }
    })
}

/// In the help of an option, writes the names of other options as on the command line: `max_steps` in backticks becomes --max-steps.
fn with_option_names(option: Arg, ids: &[String]) -> Arg {
    let rewritten = |text: &StyledStr| {
        let text = text.to_string();
        let parts = text.split('`').enumerate().map(|(index, part)| match index % 2 {
            0 => part.to_owned(),
            _ if ids.iter().any(|id| id == part) => format!("--{}", part.replace('_', "-")),
            _ => format!("`{part}`"),
        });
        parts.collect::<String>()
    };
    let (help, long_help) = (option.get_help().map(rewritten), option.get_long_help().map(rewritten));
    let option = help.into_iter().fold(option, Arg::help);
    long_help.into_iter().fold(option, Arg::long_help)
}
