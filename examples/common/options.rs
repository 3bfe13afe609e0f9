use clap::{Command, Parser};

/// Parses the command line, or ends the program with what is wrong with it.
pub fn parse<O: Parser>() -> O {
    let parsed = O::from_arg_matches(&command::<O>().get_matches());
    parsed.unwrap_or_else(|error| error.exit())
}

/// The options of an example. `--beta -1` is told that a beta is positive, not that there is no option `-1`.
pub fn command<O: Parser>() -> Command {
    O::command().mut_args(|option| match option.get_action().takes_values() {
        true => option.allow_negative_numbers(true),
        false => option,
    })
}
