//! Lines that a person types, with editing and a history, or the lines of a pipe.

use crate::Failure;
use nix::sys::signal::{SigSet, Signal};
use rustyline::DefaultEditor;
use rustyline::error::ReadlineError;
use std::io::{BufRead, IsTerminal, stdin};

/// What was typed.
pub enum Line {
    /// A line.
    Text(String),
    /// A line that is not UTF-8.
    NotText,
    /// Ctrl-C in place of a line.
    Interrupted,
    /// Ctrl-D, or the end of a pipe.
    End,
}

/// Reads lines from standard input.
pub struct LineReader {
    /// The editor, if a person types.
    editor: Option<DefaultEditor>,
}

impl LineReader {
    /// Creates the reader. In a terminal, the editor handles changes of the window's size (SIGWINCH). No thread that computes may run a
    /// signal handler, so the signal is blocked here, and in all threads that start later; it is handled only while a line is read.
    pub fn new() -> Result<Self, Failure> {
        if !stdin().is_terminal() {
            return Ok(Self { editor: None });
        }
        window_changes().thread_block()?;
        Ok(Self { editor: Some(DefaultEditor::new()?) })
    }

    /// Reads a line. `prompt` is shown in a terminal.
    pub fn read(&mut self, prompt: &str) -> Result<Line, Failure> {
        let Some(editor) = &mut self.editor else { return read_pipe() };
        window_changes().thread_unblock()?;
        let line = editor.readline(prompt);
        window_changes().thread_block()?;
        match line {
            Ok(text) => {
                editor.add_history_entry(&text)?;
                Ok(Line::Text(text))
            }
            Err(ReadlineError::Interrupted) => Ok(Line::Interrupted),
            Err(ReadlineError::Eof) => Ok(Line::End),
            Err(problem) => Err(problem.into()),
        }
    }
}

fn window_changes() -> SigSet {
    let mut signals = SigSet::empty();
    signals.add(Signal::SIGWINCH);
    signals
}

fn read_pipe() -> Result<Line, Failure> {
    let mut bytes = Vec::new();
    match stdin().lock().read_until(b'\n', &mut bytes) {
        Ok(0) => Ok(Line::End),
        Ok(_) => match String::from_utf8(bytes) {
            Ok(text) => Ok(Line::Text(text.trim_end_matches(['\n', '\r']).to_owned())),
            Err(_) => Ok(Line::NotText),
        },
        Err(problem) => Err(format!("standard input cannot be read: {problem}").into()),
    }
}
