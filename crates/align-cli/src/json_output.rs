//! `--json`: the results as one JSON document on standard output.

use crate::{Failure, output};
use serde::Serialize;

/// Selects JSON instead of text.
#[derive(Debug, Clone, Copy, Default, clap::Args)]
pub struct JsonOption {
    /// Print the results as one JSON document with all digits; notes go to standard error.
    #[arg(long)]
    pub json: bool,
}

impl JsonOption {
    /// Keeps notes away from standard output if it is to hold the document.
    pub fn begin(self) {
        if self.json {
            output::send_notes_to_stderr();
        }
    }

    /// Prints the document if `--json` is given, and calls `print_text` otherwise.
    pub fn print(self, document: &impl Serialize, print_text: impl FnOnce()) -> Result<(), Failure> {
        match self.json {
            true => output::println!("{}", serde_json::to_string_pretty(document)?),
            false => print_text(),
        }
        Ok(())
    }
}
