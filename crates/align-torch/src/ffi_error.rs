//! Calls of C++ functions that may fail.

use std::ffi::{CStr, c_char, c_int};

/// Size of the buffer for error messages.
const MESSAGE: usize = 1024;

/// Calls a C++ function that returns 0 on success, or else writes a zero-terminated message into the given buffer of the given size.
pub(crate) fn call_cpp(call: impl FnOnce(*mut c_char, usize) -> c_int) -> Result<(), String> {
    let mut problem = [0 as c_char; MESSAGE];
    if call(problem.as_mut_ptr(), MESSAGE) == 0 {
        return Ok(());
    }
    // SAFETY: the message is ended by 0 within the buffer, which is zeros where nothing was written.
    let problem = unsafe { CStr::from_ptr(problem.as_ptr()) };
    Err(problem.to_string_lossy().into_owned())
}
