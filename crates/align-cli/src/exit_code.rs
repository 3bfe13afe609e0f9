//! Runs the program and turns its result into an exit code.

use crate::signals::{self, Stopped};
use crate::{Failure, command_line, log, output};
use align_base::escaped;
use std::ffi::OsString;
use std::process::ExitCode;

/// Invalid options.
const USAGE: u8 = 2;

/// The work is done and saved, but standard output could not be written (`EX_IOERR` of sysexits.h).
const STDOUT_FAILED: u8 = 74;

/// The text on exit codes in `--help`.
pub const EXIT_CODES: &str = "Exit codes: 0 success, also if the reader of standard output closed it early; 1 error; 2 invalid \
options; 74 all files were written, but standard output could not be (a full disk, for example); 130, 143 or 129 stopped by \
Ctrl-C, SIGTERM or SIGHUP: commands that can be resumed save their progress first.";

/// Runs the program, and prints the error that ends it to standard error.
pub fn run() -> ExitCode {
    align_torch::keep_freed_memory();
    let ended = command_line::parse().and_then(|command_line| {
        command_line.log_options().init();
        signals::watch()?;
        command_line.run()
    });
    let code = match ended {
        Ok(()) => signals::received().map_or(0, |signal| signal.exit_code()),
        Err(failure) => report(&failure),
    };
    ExitCode::from(match output::finish() {
        Ok(()) => code,
        Err(error) => {
            log::error(&format!("standard output cannot be written: {error}"));
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
            true => log::line(usage.to_string().trim_end()),
            false => drop(usage.print()),
        }
        return USAGE;
    }
    if let (Some(stopped), Some(signal)) = (failure.downcast_ref::<Stopped>(), signals::received()) {
        log::message("stopped", &stopped.0);
        return signal.exit_code();
    }
    let mut text = failure.to_string();
    let mut cause = failure.source();
    while let Some(inner) = cause {
        text.push_str(&format!("\n  caused by: {inner}"));
        cause = inner.source();
    }
    log::error(&text);
    1
}
