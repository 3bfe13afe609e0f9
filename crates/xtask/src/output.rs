//! Replacements of the standard library's printing macros that never panic, so that `cargo xtask doctor | head` works.

use std::fmt::Arguments;
use std::io::{ErrorKind, Write, stderr, stdout};
use std::sync::atomic::{AtomicBool, Ordering};

macro_rules! print {
    ($($arguments:tt)*) => { $crate::output::write(format_args!($($arguments)*)) };
}
macro_rules! println {
    () => { $crate::output::write(format_args!("\n")) };
    ($($arguments:tt)*) => { $crate::output::write(format_args!("{}\n", format_args!($($arguments)*))) };
}
macro_rules! eprintln {
    ($($arguments:tt)*) => { $crate::output::error_line(format_args!($($arguments)*)) };
}

static FAILED: AtomicBool = AtomicBool::new(false);

pub fn write(text: Arguments) {
    let mut out = stdout();
    // A closed pipe is not an error: the reader has what it wanted.
    if out.write_fmt(text).and_then(|()| out.flush()).is_err_and(|error| error.kind() != ErrorKind::BrokenPipe) {
        FAILED.store(true, Ordering::Relaxed);
    }
}

pub fn error_line(text: Arguments) {
    writeln!(stderr(), "{text}").ok();
}

/// Whether a write to standard output failed, because of a full disk for example.
pub fn failed() -> bool {
    FAILED.load(Ordering::Relaxed)
}
