//! The width of the terminal, and colours for what a comparison found.

use align_metrics::Interval;
use align_report::Table;
use console::{StyledObject, Term, style};

/// The width of lines if standard output is not a terminal.
const PIPE_WIDTH: usize = 80;
/// Below this width, numbers would not fit beside their names.
const MIN_WIDTH: usize = 40;
/// Longer lines of text are hard to read.
const MAX_WIDTH: usize = 120;

/// The width of lines on standard output: that of the terminal, or 80 if it is a pipe or a file, so that the output does not depend
/// on the terminal from which the program is started.
pub fn width() -> usize {
    let columns = Term::stdout().size_checked().map(|(_, columns)| usize::from(columns));
    columns.map_or(PIPE_WIDTH, |columns| columns.clamp(MIN_WIDTH, MAX_WIDTH))
}

/// Prints tables to standard output, a blank line after each.
pub fn print_tables(tables: &[Table]) {
    tables.iter().for_each(|table| crate::output::println!("{}", table.to_text(width())));
}

/// Prints a paragraph to standard output. Its lines begin with `indent`, the first one with `bullet`.
pub fn print_paragraph(bullet: &str, indent: &str, text: &str) {
    let options = textwrap::Options::new(width()).initial_indent(bullet).subsequent_indent(indent);
    crate::output::println!("{}", textwrap::fill(text, options));
}

/// What a comparison found, for its colour.
#[derive(Clone, Copy, PartialEq)]
pub enum Verdict {
    Better,
    Worse,
    Unclear,
}

impl Verdict {
    /// The verdict on the interval of a difference.
    pub fn of(difference: Interval) -> Self {
        match difference {
            Interval { low, .. } if low > 0.0 => Self::Better,
            Interval { high, .. } if high < 0.0 => Self::Worse,
            _ => Self::Unclear,
        }
    }

    /// Green for better, red for worse, if the terminal has colours.
    pub fn paint<D>(self, text: D) -> StyledObject<D> {
        match self {
            Self::Better => style(text).green(),
            Self::Worse => style(text).red(),
            Self::Unclear => style(text),
        }
    }
}
