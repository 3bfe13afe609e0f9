//! Exiting while LibTorch is computing.

/// Exits at once with this code, without running destructors or flushing buffers.
///
/// [`std::process::exit`] runs the destructors of LibTorch's globals, which crashes the process if another thread is computing. Use this
/// function in a thread that handles signals.
pub fn exit_now(code: i32) -> ! {
    // SAFETY: _exit takes a number, may be called from any thread at any time, and does not come back.
    unsafe { libc::_exit(code) }
}
