//! Manual pages.
//!
//! ```sh
//! align man --output-dir man
//! ```

use crate::help::EXIT_CODES;
use crate::{Failure, output};
use align_base::printable_path;
use clap::Args;
use clap_mangen::Man;
use std::path::PathBuf;

/// Prints the manual page of align, or writes the pages of all commands to a folder.
#[derive(Args)]
pub struct Options {
    /// Folder to write align.1 and a page for each command to, such as align-dpo.1. It is created if necessary.
    #[arg(long)]
    output_dir: Option<PathBuf>,
}

/// `program` is the program with its subcommands and their options.
pub fn run(options: &Options, program: clap::Command) -> Result<(), Failure> {
    // The pages list the commands themselves.
    let program = program.before_help("").after_help(EXIT_CODES).after_long_help(EXIT_CODES);
    match &options.output_dir {
        Some(folder) => {
            let fail = |e| format!("{}: cannot be written: {e}", printable_path(folder));
            std::fs::create_dir_all(folder).map_err(fail)?;
            clap_mangen::generate_to(program.disable_help_subcommand(true), folder).map_err(fail)?;
        }
        None => {
            let mut page = Vec::new();
            Man::new(program).render(&mut page)?;
            output::write(format_args!("{}", String::from_utf8(page)?));
        }
    }
    Ok(())
}
