//! How the doctor's findings are printed: coloured in a terminal, plain elsewhere.

use std::env;
use std::io::{IsTerminal, stdout};
use std::process::ExitCode;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grade {
    Good,
    /// Good to know: slower, missing something optional, or about to surprise.
    Note,
    /// Something necessary is not there.
    Missing,
}

/// One thing that was looked at.
#[derive(Debug, PartialEq, Eq)]
pub struct Finding {
    pub grade: Grade,
    pub topic: &'static str,
    pub says: String,
    pub remedy: Option<String>,
}

impl Finding {
    pub fn good(topic: &'static str, says: impl Into<String>) -> Self {
        Self { grade: Grade::Good, topic, says: says.into(), remedy: None }
    }

    pub fn note(topic: &'static str, says: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { grade: Grade::Note, topic, says: says.into(), remedy: Some(remedy.into()) }
    }

    pub fn missing(topic: &'static str, says: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { grade: Grade::Missing, topic, says: says.into(), remedy: Some(remedy.into()) }
    }

    /// The lines that show it.
    fn lines(&self, coloured: bool) -> String {
        let (mark, colour) = match self.grade {
            Grade::Good => ("ok", "32"),
            Grade::Note => ("note", "33"),
            Grade::Missing => ("MISSING", "1;31"),
        };
        let mut says = self.says.lines();
        let mark = paint(&format!("{mark:<7}"), colour, coloured);
        let mut text = format!("  {mark} {:<15} {}\n", self.topic, says.next().unwrap_or_default());
        for line in says {
            text.push_str(&format!("  {:<23} {line}\n", ""));
        }
        for (number, line) in self.remedy.iter().flat_map(|remedy| remedy.lines()).enumerate() {
            let arrow = if number == 0 { "->" } else { "  " };
            text.push_str(&format!("  {:<23} {}\n", "", paint(&format!("{arrow} {line}"), "36", coloured)));
        }
        text
    }
}

fn paint(text: &str, colour: &str, coloured: bool) -> String {
    if coloured { format!("\x1b[{colour}m{text}\x1b[0m") } else { text.to_owned() }
}

/// Prints findings as they come and counts what is missing.
pub struct Report {
    coloured: bool,
    missing: usize,
    notes: usize,
}

impl Report {
    pub fn to_stdout() -> Self {
        let unwanted = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { coloured: stdout().is_terminal() && !unwanted, missing: 0, notes: 0 }
    }

    pub fn section(&mut self, title: &str, findings: Vec<Finding>) {
        println!("{}", paint(title, "1", self.coloured));
        for finding in findings {
            print!("{}", finding.lines(self.coloured));
            self.missing += usize::from(finding.grade == Grade::Missing);
            self.notes += usize::from(finding.grade == Grade::Note);
        }
        println!();
    }

    pub fn close(self) -> ExitCode {
        let plural = |count: usize, one: &str, many: &str| format!("{count} {}", if count == 1 { one } else { many });
        let notes = match self.notes {
            0 => String::new(),
            notes => format!(" ({})", plural(notes, "note", "notes")),
        };
        if self.missing == 0 {
            println!("{}{notes}", paint("All that is necessary is there.", "32", self.coloured));
            return ExitCode::SUCCESS;
        }
        let missing = plural(self.missing, "thing is", "things are");
        println!("{}{notes}", paint(&format!("{missing} missing: do what the arrows say."), "1;31", self.coloured));
        ExitCode::FAILURE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_lines_hold_no_colours_and_line_up() {
        let finding = Finding::missing("LibTorch", "none\nnowhere", "cargo xtask setup");
        let expected = "  MISSING LibTorch        none\n                          nowhere\n                          -> cargo xtask setup\n";
        assert_eq!(finding.lines(false), expected);
        assert!(finding.lines(true).contains("\x1b[1;31mMISSING\x1b[0m"));
    }
}
