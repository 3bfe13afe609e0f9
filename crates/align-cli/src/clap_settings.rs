use crate::exit_code::EXIT_CODES;
use clap::Command;

/// Settings shared by all commands. Negative numbers are accepted as values, so that `--beta -1` fails with the valid range of
/// beta, not with "unknown option -1".
pub fn configure(command: Command) -> Command {
    command.after_help(EXIT_CODES).mut_args(|option| match option.get_action().takes_values() {
        true => option.allow_negative_numbers(true),
        false => option,
    })
}
