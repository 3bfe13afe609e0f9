use crate::end::EXIT_CODES;
use clap::Command;

/// Options as every command takes them. `--beta -1` is told that a beta is positive, not that there is no option `-1`.
pub fn prepare(command: Command) -> Command {
    command.after_help(EXIT_CODES).mut_args(|option| match option.get_action().takes_values() {
        true => option.allow_negative_numbers(true),
        false => option,
    })
}
