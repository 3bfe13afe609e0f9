//! Standard output and standard error. A failed print must not end the program before its results are saved, so the first error is
//! kept and [`finish`] returns it at the end.
//!
//! `output::println!` replaces the standard library's macro, which panics on errors. [`error_line`] replaces `eprintln!`.

use std::fmt::Arguments;
use std::io::{self, ErrorKind, Write};
use std::sync::{Mutex, PoisonError};

/// The first error on standard output.
static FIRST_ERROR: Mutex<Option<io::Error>> = Mutex::new(None);

/// Prints a line to standard output, as `println!` does, but never panics.
macro_rules! println_kept {
    () => { $crate::output::write(format_args!("\n")) };
    ($($arguments:tt)*) => { $crate::output::write(format_args!("{}\n", format_args!($($arguments)*))) };
}

pub(crate) use println_kept as println;

/// Writes to standard output, unless an earlier write failed.
pub fn write(text: Arguments) {
    keep(|out| out.write_fmt(text));
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

/// Writes a line to standard error, and ignores errors, since they could not be reported anywhere. Control characters are escaped:
/// paths, options and file contents in the line must not control the terminal.
pub fn error_line(text: Arguments) {
    writeln!(io::stderr(), "{}", align_base::escaped(&text.to_string())).ok();
}

fn first_error() -> std::sync::MutexGuard<'static, Option<io::Error>> {
    FIRST_ERROR.lock().unwrap_or_else(PoisonError::into_inner)
}

fn keep(write: impl FnOnce(&mut io::StdoutLock) -> io::Result<()>) {
    let mut first_error = first_error();
    if first_error.is_none() {
        *first_error = write(&mut io::stdout().lock()).err();
    }
}
