//! Ctrl-C: what runs below us gets it too and ends in its own way; we stop at the next step and clean up.

use crate::failure::Failure;
use std::process::ExitCode;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

static ASKED: AtomicBool = AtomicBool::new(false);

/// From here on Ctrl-C no longer ends this program at once.
pub fn watch() {
    static WATCHED: Once = Once::new();
    WATCHED.call_once(|| {
        // Without a handler Ctrl-C ends us at once, and the next set-up cleans up.
        ctrlc::set_handler(|| ASKED.store(true, Ordering::Relaxed)).ok();
    });
}

pub fn asked() -> bool {
    ASKED.load(Ordering::Relaxed)
}

/// Fails once Ctrl-C was pressed.
pub fn check() -> Result<(), Failure> {
    if asked() {
        return Err(Failure::new("interrupted; .libtorch is as it was before. Run it again when you like."));
    }
    Ok(())
}

/// What shells expect of a program that Ctrl-C ended, or plain failure.
pub fn failure_code() -> ExitCode {
    if asked() { ExitCode::from(130) } else { ExitCode::FAILURE }
}
