//! Ctrl-C: child processes receive it too and end by themselves; xtask stops at its next step and cleans up.

use crate::failure::Failure;
use std::process::ExitCode;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Installs a handler, so that Ctrl-C no longer ends this program at once.
pub fn install_handler() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        // If this fails, Ctrl-C ends the program at once, and the next setup cleans up.
        ctrlc::set_handler(|| INTERRUPTED.store(true, Ordering::Relaxed)).ok();
    });
}

/// Whether Ctrl-C was pressed.
pub fn is_interrupted() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}

/// Fails if Ctrl-C was pressed.
pub fn check() -> Result<(), Failure> {
    if is_interrupted() {
        return Err(Failure::new("interrupted; .libtorch is unchanged. Run the command again to retry."));
    }
    Ok(())
}

/// The exit code of a failure: 130 after Ctrl-C, as shells expect.
pub fn failure_code() -> ExitCode {
    if is_interrupted() { ExitCode::from(130) } else { ExitCode::FAILURE }
}
