//! Completion scripts for shells.
//!
//! ```sh
//! align completions bash
//! ```

use crate::{Failure, output};
use clap::Args;
use clap_complete::Shell;

/// Prints a script that lets a shell complete the commands and options of align. docs/command-line.md says where to put it.
#[derive(Args)]
pub struct Options {
    /// Shell to print the script for.
    shell: Shell,
}

/// `program` is the program with its subcommands and their options.
pub fn run(options: &Options, mut program: clap::Command) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(options.shell, &mut program, "align", &mut script);
    output::write(format_args!("{}", String::from_utf8(script)?));
    Ok(())
}
