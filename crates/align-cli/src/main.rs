//! The program `align`.

use std::process::ExitCode;

fn main() -> ExitCode {
    align_cli::main()
}
