//! The width of text on the terminal.

use console::Term;

/// The width if there is no terminal.
const DEFAULT: usize = 80;
/// Longer lines are hard to read.
const MAX: usize = 100;

/// Columns of standard output.
pub fn stdout_width() -> usize {
    width(&Term::stdout())
}

/// A message for standard error, which follows `prefix`. On a terminal its lines are broken between words; if standard error is a
/// pipe or a file, its reader breaks them.
pub fn fit_stderr(prefix: &str, message: &str) -> String {
    let term = Term::stderr();
    match term.is_term() {
        true => wrapped(&format!("{prefix}{message}"), width(&term)).split_off(prefix.len()),
        false => message.to_owned(),
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

fn width(term: &Term) -> usize {
    let from_terminal = term.size_checked().map(|(_, columns)| usize::from(columns)).filter(|columns| *columns > 0);
    from_terminal.unwrap_or(DEFAULT).min(MAX)
}

/// A command with its long lines continued as in a shell, indented by two columns.
pub fn wrapped_command(command: &str, width: usize) -> String {
    let options = textwrap::Options::new(width.saturating_sub(4)).subsequent_indent("      ");
    // A placeholder keeps an option and its value on one line.
    let joined = textwrap::wrap(&keep_values(command), options.break_words(false)).join(" \\\n");
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
