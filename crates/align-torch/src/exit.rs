//! Ending a process while LibTorch computes.

/// Ends the process with this code and nothing else: no destructor runs, nothing is flushed.
///
/// [`std::process::exit`] runs the destructors of LibTorch's globals, and another thread that computes meanwhile then crashes
/// the process. For a signal handler's thread, therefore.
pub fn exit_now(code: i32) -> ! {
    // SAFETY: _exit takes a number, may be called from any thread at any time, and does not come back.
    unsafe { libc::_exit(code) }
}
