//! Standard output. A failed print must not end the program before its results are saved, so the first error is
//! kept and [`finish`] returns it at the end.
//!
//! `output::println!` replaces the standard library's macro, which panics on errors. `output::note!` is for lines that are not results.

use crate::log;
use std::fmt::Arguments;
use std::io::{self, ErrorKind, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

/// The first error on standard output.
static FIRST_ERROR: Mutex<Option<io::Error>> = Mutex::new(None);

/// Whether standard output is reserved for a document, so that notes go to standard error.
static NOTES_TO_STDERR: AtomicBool = AtomicBool::new(false);

/// Prints a line to standard output, as `println!` does, but never panics.
macro_rules! println_kept {
    () => { $crate::output::write(format_args!("\n")) };
    ($($arguments:tt)*) => { $crate::output::write(format_args!("{}\n", format_args!($($arguments)*))) };
}

pub(crate) use println_kept as println;

/// Prints a line on what is done or written. It is not a result, so `--quiet` leaves it out, and with `--log-format json` or `--json` it
/// goes to standard error.
macro_rules! note {
    ($($arguments:tt)*) => { $crate::output::write_note(&format!($($arguments)*)) };
}

pub(crate) use note;

/// Writes to standard output, unless an earlier write failed, or another of several processes does so.
pub fn write(text: Arguments) {
    if log::speaks() {
        keep(|out| out.write_fmt(text));
    }
}

/// Prints a line for [`note`].
pub fn write_note(text: &str) {
    match NOTES_TO_STDERR.load(Ordering::Relaxed) {
        _ if log::is_quiet() => {}
        _ if log::is_json() => log::message("note", text.trim()),
        true => log::line(text),
        false => println_kept!("{text}"),
    }
}

/// Prints the command that usually comes next.
pub fn next(command: &str) {
    if !log::is_json() {
        note!("next:\n  {command}");
    }
}

/// From now on, notes go to standard error, because standard output is reserved for a document.
pub fn send_notes_to_stderr() {
    NOTES_TO_STDERR.store(true, Ordering::Relaxed);
}

/// Flushes text that does not end with a newline yet.
pub fn flush() {
    keep(|out| out.flush());
}

/// Whether a write has failed: the reader closed the pipe, or the disk is full, for example.
pub fn has_failed() -> bool {
    first_error().is_some()
}

/// Records the result of a write to standard output that was made elsewhere, by clap for example.
pub fn record(written: io::Result<()>) {
    if let Err(error) = written {
        first_error().get_or_insert(error);
    }
}

/// Flushes standard output and returns the first error. A closed pipe is not an error: the reader has what it wanted.
pub fn finish() -> Result<(), io::Error> {
    flush();
    match first_error().take() {
        Some(error) if error.kind() != ErrorKind::BrokenPipe => Err(error),
        _ => Ok(()),
    }
}

fn first_error() -> std::sync::MutexGuard<'static, Option<io::Error>> {
    FIRST_ERROR.lock().unwrap_or_else(PoisonError::into_inner)
}

fn keep(write: impl FnOnce(&mut io::StdoutLock) -> io::Result<()>) {
    let mut first_error = first_error();
    if first_error.is_none() {
        *first_error = log::suspend(|| write(&mut io::stdout().lock())).err();
    }
}
