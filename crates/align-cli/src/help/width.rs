//! Help and messages as wide as the terminal.

use crate::terminal;
use console::Term;

/// Longer lines of help and messages are hard to read.
const MAX: usize = 100;

/// The width of help on standard output.
pub fn help_width() -> usize {
    terminal::width().min(MAX)
}

/// A message for standard error, which follows `prefix`. On a terminal its lines are broken between words; if standard error is a
/// pipe or a file, its reader breaks them.
pub fn fit_stderr(prefix: &str, message: &str) -> String {
    match Term::stderr().size_checked() {
        Some((_, columns)) if columns > 0 => {
            wrapped(&format!("{prefix}{message}"), MAX.min(columns.into())).split_off(prefix.len())
        }
        _ => message.to_owned(),
    }
}

/// Breaks long lines between words. Continued lines are indented as their first line is, and two columns more.
fn wrapped(message: &str, width: usize) -> String {
    let lines = message.lines().map(|line| {
        let indent = " ".repeat(line.len() - line.trim_start().len() + 2);
        let options = textwrap::Options::new(width).subsequent_indent(&indent).break_words(false);
        textwrap::fill(line, options.word_splitter(textwrap::WordSplitter::NoHyphenation))
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// A command with its long lines continued as in a shell, indented by two columns.
pub fn wrapped_command(command: &str, width: usize) -> String {
    let options = textwrap::Options::new(width.saturating_sub(4)).subsequent_indent("      ");
    // A placeholder keeps an option and its value on one line.
    let joined = textwrap::wrap(
        &keep_values(command),
        options.break_words(false).word_splitter(textwrap::WordSplitter::NoHyphenation),
    )
    .join(" \\\n");
    joined.replace('\u{a0}', " ")
}

/// Replaces the spaces before values, which must stay on the line of their option.
fn keep_values(command: &str) -> String {
    command.split(" --").map(|part| part.replace(' ', "\u{a0}")).collect::<Vec<_>>().join(" --")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_broken_between_words() {
        let message = "error: --loss-type is \"sigmiod\": did you mean sigmoid?\n  caused by: a second line";
        let expected = "error: --loss-type is\n  \"sigmiod\": did you mean\n  sigmoid?\n  caused by: a second line";
        assert_eq!(wrapped(message, 26), expected);
    }

    #[test]
    fn an_option_stays_with_its_value() {
        let command = "align dpo --train-file pairs.jsonl --output-dir runs/dpo";
        assert_eq!(wrapped_command(command, 44), "align dpo --train-file pairs.jsonl \\\n      --output-dir runs/dpo");
    }
}
