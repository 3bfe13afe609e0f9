//! How the program begins and ends, and its exit code.

use crate::signals::{self, Stopped};
use crate::{Failure, output};
use align_base::escaped;
use std::ffi::OsString;
use std::io::IsTerminal;
use std::process::ExitCode;

/// Wrong options.
const USAGE: u8 = 2;

/// The work is done and saved, but standard output could not be written (`EX_IOERR` of sysexits.h).
const OUTPUT: u8 = 74;

/// What `--help` says of exit codes.
pub const EXIT_CODES: &str = "Exit codes: 0 done, also where the reader of standard output went away; 1 an error; 2 wrong \
options; 74 standard output cannot be written, a full disk for example, while all files are; 130, 143, 129 stopped by Ctrl-C, \
SIGTERM or SIGHUP, with what was done so far saved where the command saves it.";

/// Runs the program: warnings go to standard error (`RUST_LOG` for more), and so does the error that ends it.
pub fn run(program: impl FnOnce() -> Result<(), Failure>) -> ExitCode {
    align_torch::keep_freed_memory();
    let filter = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "warn".into());
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .without_time()
        .log_internal_errors(false)
        .init();
    let ended = signals::watch().map_err(Failure::from).and_then(|()| program());
    let code = match ended {
        Ok(()) => signals::received().map_or(0, |signal| signal.exit_code()),
        Err(failure) => report(&failure),
    };
    ExitCode::from(match output::finish() {
        Ok(()) => code,
        Err(error) => {
            output::error_line(format_args!("error: standard output cannot be written: {error}"));
            if code == 0 { OUTPUT } else { code }
        }
    })
}

/// Says what ended the program, and gives its exit code.
fn report(failure: &Failure) -> u8 {
    if let Some(usage) = failure.downcast_ref::<clap::Error>() {
        if !usage.use_stderr() {
            output::record(usage.print());
            return 0;
        }
        // Clap's colours go only where no argument that it repeats could steer the terminal.
        let steers = |argument: OsString| escaped(&argument.to_string_lossy()) != argument.to_string_lossy();
        match std::env::args_os().any(steers) {
            true => output::error_line(format_args!("{}", usage.to_string().trim_end())),
            false => drop(usage.print()),
        }
        return USAGE;
    }
    if let (Some(stopped), Some(signal)) = (failure.downcast_ref::<Stopped>(), signals::received()) {
        output::error_line(format_args!("{stopped}"));
        return signal.exit_code();
    }
    output::error_line(format_args!("error: {failure}"));
    let mut cause = failure.source();
    while let Some(inner) = cause {
        output::error_line(format_args!("  because {inner}"));
        cause = inner.source();
    }
    1
}
