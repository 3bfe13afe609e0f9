//! Standard output and standard error. Nothing that is printed may end a program or come between work and its saving:
//! an error is kept until the end, where [`finish`] tells it.
//!
//! `output::println!` stands for the standard library's macro, which panics, and [`error_line`] for its `eprintln!`.

use std::fmt::Arguments;
use std::io::{self, ErrorKind, Write};
use std::sync::{Mutex, PoisonError};

/// What became of standard output.
static FAILED: Mutex<Option<io::Error>> = Mutex::new(None);

/// Prints a line to standard output, as `println!` does, but never panics.
macro_rules! println_kept {
    () => { $crate::output::write(format_args!("\n")) };
    ($($arguments:tt)*) => { $crate::output::write(format_args!("{}\n", format_args!($($arguments)*))) };
}

pub(crate) use println_kept as println;

/// Writes to standard output, unless that has failed before.
pub fn write(text: Arguments) {
    keep(|out| out.write_fmt(text));
}

/// Hands on what waits for the end of its line.
pub fn flush() {
    keep(|out| out.flush());
}

/// Whether nothing more can be printed: the reader is gone, say, or the disk is full.
pub fn has_failed() -> bool {
    failed().is_some()
}

/// Keeps an error of writing to standard output, which clap for example gives.
pub fn record(written: io::Result<()>) {
    if let Err(error) = written {
        failed().get_or_insert(error);
    }
}

/// Flushes standard output and gives the error that was met there. A reader that went away is none: it has what it wanted.
pub fn finish() -> Result<(), io::Error> {
    flush();
    match failed().take() {
        Some(error) if error.kind() != ErrorKind::BrokenPipe => Err(error),
        _ => Ok(()),
    }
}

/// Writes a line to standard error, where that can be written to; there is no other place to say that it cannot. Paths, options and
/// what files say in it do not steer the terminal.
pub fn error_line(text: Arguments) {
    writeln!(io::stderr(), "{}", align_base::escaped(&text.to_string())).ok();
}

fn failed() -> std::sync::MutexGuard<'static, Option<io::Error>> {
    FAILED.lock().unwrap_or_else(PoisonError::into_inner)
}

fn keep(write: impl FnOnce(&mut io::StdoutLock) -> io::Result<()>) {
    let mut failed = failed();
    if failed.is_none() {
        *failed = write(&mut io::stdout().lock()).err();
    }
}
