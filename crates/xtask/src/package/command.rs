//! Running the commands of `cargo xtask package`.

use crate::failure::{Context, Failure};
use std::process::Command;

/// Prints a command, runs it, and fails if it fails.
pub fn run(command: &mut Command) -> Result<(), Failure> {
    let arguments = command.get_args().map(|argument| argument.to_string_lossy());
    let words: Vec<_> = [command.get_program().to_string_lossy()].into_iter().chain(arguments).collect();
    let words = words.join(" ");
    eprintln!("align: running {words}");
    let status = command.status().context(|| format!("cannot run {words}"))?;
    if status.success() { Ok(()) } else { Err(Failure::new(format!("`{words}` failed ({status})"))) }
}
