//! Runs the program and turns its result into an exit code.

use crate::processes::{self, ProcessFailure, is_of_other_process};
use crate::signals::{self, Stopped};
use crate::usage::UsageError;
use crate::{Failure, help, log, output};
use align_torch::TerminationSignal;
use clap::error::ErrorKind;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Invalid options.
const USAGE: u8 = 2;

/// An audit found more than its thresholds accept (`EX_DATAERR` of sysexits.h).
const FOUND_IN_DATA: u8 = 65;

/// The work is done and saved, but standard output could not be written (`EX_IOERR` of sysexits.h).
const STDOUT_FAILED: u8 = 74;

/// How long a process that stops because of another one waits: for the signal that the other one got, or until that one has ended.
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// What an audit found beyond its thresholds.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct FoundInData(pub String);

/// Runs the program, and prints the error that ends it to standard error.
pub fn run(program: impl FnOnce() -> Result<(), Failure>) -> ExitCode {
    align_torch::keep_freed_memory();
    let code = match program() {
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
        if usage.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
            // Standard error may be closed: then nobody reads the help.
            usage.print().ok();
            return USAGE;
        }
        print_error(usage.to_string().trim().trim_start_matches("error: "));
        return USAGE;
    }
    if let Some(code) = failure.downcast_ref::<ProcessFailure>().and_then(ProcessFailure::exit_code) {
        return code;
    }
    if is_of_other_process(failure) {
        // That process prints it. It should end first, because launchers take the exit code of the first process that ends, and stop the others.
        signals::end_silently();
        std::thread::sleep(LONGEST_WAIT);
        return 1;
    }
    if let Some(stopped) = failure.downcast_ref::<Stopped>() {
        let (signal, several) = (signal(), processes::are_several());
        if signal.is_some() || several {
            log::message("stopped", &stopped.0);
            return signal.map_or(1, |signal| signal.exit_code());
        }
    }
    let mut text = failure.to_string();
    let mut cause = failure.source();
    while let Some(inner) = cause {
        text.push_str(&format!("\n  caused by: {inner}"));
        cause = inner.source();
    }
    print_error(&text);
    match failure {
        _ if failure.is::<UsageError>() => USAGE,
        _ if failure.is::<FoundInData>() => FOUND_IN_DATA,
        _ => 1,
    }
}

/// The signal that stopped this process. If it stopped another of several first, it comes to this one a moment later.
fn signal() -> Option<TerminationSignal> {
    let started = Instant::now();
    while signals::received().is_none() && processes::are_several() && started.elapsed() < LONGEST_WAIT {
        std::thread::sleep(Duration::from_millis(10));
    }
    signals::received()
}

/// Prints the error that ended the program. On a terminal its lines are broken between words.
fn print_error(text: &str) {
    let prefix = "error: ";
    if log::is_json() { log::error(text) } else { log::error(&help::fit_stderr(prefix, text)) }
}
