//! Runs the program and turns its result into an exit code.

use crate::signals::{self, Stopped};
use crate::{Failure, output};
use align_base::escaped;
use std::ffi::OsString;
use std::io::IsTerminal;
use std::process::ExitCode;

/// Invalid options.
const USAGE: u8 = 2;

/// The work is done and saved, but standard output could not be written (`EX_IOERR` of sysexits.h).
const STDOUT_FAILED: u8 = 74;

/// The text on exit codes in `--help`.
pub const EXIT_CODES: &str = "Exit codes: 0 success, also if the reader of standard output closed it early; 1 error; 2 invalid \
options; 74 all files were written, but standard output could not be (a full disk, for example); 130, 143 or 129 stopped by \
Ctrl-C, SIGTERM or SIGHUP: commands that can be resumed save their progress first.";

/// Runs the program. Warnings and the final error go to standard error; `RUST_LOG` sets the log level.
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
            if code == 0 { STDOUT_FAILED } else { code }
        }
    })
}

/// Prints the error that ended the program and returns the exit code.
fn report(failure: &Failure) -> u8 {
    if let Some(usage) = failure.downcast_ref::<clap::Error>() {
        if !usage.use_stderr() {
            output::record(usage.print());
            return 0;
        }
        // Clap repeats arguments in its coloured message. If one holds control characters, print the message escaped, without colours.
        let has_control_characters =
            |argument: OsString| escaped(&argument.to_string_lossy()) != argument.to_string_lossy();
        match std::env::args_os().any(has_control_characters) {
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
        output::error_line(format_args!("  caused by: {inner}"));
        cause = inner.source();
    }
    1
}
