//! Prints as the standard library's macros of these names do, but never panics: `cargo xtask doctor | head` ends well.

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
    // A reader that went away has what it wanted.
    if out.write_fmt(text).and_then(|()| out.flush()).is_err_and(|error| error.kind() != ErrorKind::BrokenPipe) {
        FAILED.store(true, Ordering::Relaxed);
    }
}

pub fn error_line(text: Arguments) {
    writeln!(stderr(), "{text}").ok();
}

/// Whether something could not be printed, on a full disk for example.
pub fn failed() -> bool {
    FAILED.load(Ordering::Relaxed)
}
