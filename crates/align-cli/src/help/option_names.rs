//! The names of other options in the help of an option.

use clap::Arg;
use clap::builder::StyledStr;

/// Writes the names of other options as on the command line: `max_steps` in backticks becomes --max-steps. Commands in backticks lose
/// the backticks.
pub fn rewrite(option: Arg, ids: &[String]) -> Arg {
    let rewritten = |text: &StyledStr| {
        let text = with_period(&text.to_string());
        let parts = text.split('`').enumerate().map(|(index, part)| match index % 2 {
            0 => part.to_owned(),
            _ if ids.iter().any(|id| id == part) => format!("--{}", part.replace('_', "-")),
            _ if part.starts_with("align ") || part.starts_with("--") => part.to_owned(),
            _ => format!("`{part}`"),
        });
        parts.collect::<String>()
    };
    let (help, long_help) = (option.get_help().map(rewritten), option.get_long_help().map(rewritten));
    let option = help.into_iter().fold(option, Arg::help);
    long_help.into_iter().fold(option, Arg::long_help)
}

/// Clap removes the period at the end of a text. If the text has several sentences, it gets the period back.
pub fn with_period(text: &str) -> String {
    let ends = ['.', ']', ':'].iter().any(|end| text.ends_with(*end));
    if !ends && [". ", "]. "].iter().any(|end| text.contains(end)) { format!("{text}.") } else { text.to_owned() }
}
