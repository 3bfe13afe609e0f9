//! Prints the doctor's findings, with colours in a terminal.

use std::env;
use std::io::{IsTerminal, stdout};
use std::process::ExitCode;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grade {
    Good,
    /// Something optional is missing, slow or unexpected.
    Note,
    /// Something necessary is missing.
    Missing,
}

/// The result of one check.
#[derive(Debug, PartialEq, Eq)]
pub struct Finding {
    pub grade: Grade,
    pub topic: &'static str,
    pub text: String,
    pub remedy: Option<String>,
}

impl Finding {
    pub fn good(topic: &'static str, text: impl Into<String>) -> Self {
        Self { grade: Grade::Good, topic, text: text.into(), remedy: None }
    }

    pub fn note(topic: &'static str, text: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { grade: Grade::Note, topic, text: text.into(), remedy: Some(remedy.into()) }
    }

    pub fn missing(topic: &'static str, text: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { grade: Grade::Missing, topic, text: text.into(), remedy: Some(remedy.into()) }
    }

    /// The finding as it is printed.
    fn render(&self, coloured: bool) -> String {
        let (mark, colour) = match self.grade {
            Grade::Good => ("ok", "32"),
            Grade::Note => ("note", "33"),
            Grade::Missing => ("MISSING", "1;31"),
        };
        let mut lines = self.text.lines();
        let mark = paint(&format!("{mark:<7}"), colour, coloured);
        let mut rendered = format!("  {mark} {:<15} {}\n", self.topic, lines.next().unwrap_or_default());
        for line in lines {
            rendered.push_str(&format!("  {:<23} {line}\n", ""));
        }
        for (number, line) in self.remedy.iter().flat_map(|remedy| remedy.lines()).enumerate() {
            let arrow = if number == 0 { "->" } else { "  " };
            rendered.push_str(&format!("  {:<23} {}\n", "", paint(&format!("{arrow} {line}"), "36", coloured)));
        }
        rendered
    }
}

fn paint(text: &str, colour: &str, coloured: bool) -> String {
    if coloured { format!("\x1b[{colour}m{text}\x1b[0m") } else { text.to_owned() }
}

/// Prints findings section by section, and counts notes and missing things.
pub struct Report {
    coloured: bool,
    missing: usize,
    notes: usize,
}

impl Report {
    pub fn to_stdout() -> Self {
        let no_colour = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { coloured: stdout().is_terminal() && !no_colour, missing: 0, notes: 0 }
    }

    pub fn section(&mut self, title: &str, findings: Vec<Finding>) {
        println!("{}", paint(title, "1", self.coloured));
        for finding in findings {
            print!("{}", finding.render(self.coloured));
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
            println!("{}{notes}", paint("Nothing necessary is missing.", "32", self.coloured));
            return ExitCode::SUCCESS;
        }
        let missing = plural(self.missing, "thing is", "things are");
        println!(
            "{}{notes}",
            paint(&format!("{missing} missing: follow the remedies after the arrows."), "1;31", self.coloured)
        );
        ExitCode::FAILURE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_are_aligned_and_coloured_on_request() {
        let finding = Finding::missing("LibTorch", "none\nnowhere", "cargo xtask setup");
        let expected = "  MISSING LibTorch        none\n                          nowhere\n                          -> cargo xtask setup\n";
        assert_eq!(finding.render(false), expected);
        assert!(finding.render(true).contains("\x1b[1;31mMISSING\x1b[0m"));
    }
}
