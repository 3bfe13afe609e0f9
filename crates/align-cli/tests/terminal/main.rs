//! What a person sees: every command in a pseudo-terminal of 80 columns. No line is longer, nothing is left of progress bars after a
//! task, an interrupted bar stays, and the text is that of a pipe.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod chat;
// The outputs of commands are compared by another test.
#[allow(dead_code)]
#[path = "../process_ends/every_command.rs"]
mod every_command;
mod pseudo_terminal;
mod same_as_piped;
#[path = "../support/mod.rs"]
mod support;
mod training;
