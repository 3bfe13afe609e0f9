//! Calls into our C++ that may fail.

use std::ffi::{CStr, c_char, c_int};

/// Bytes of LibTorch's messages that are kept.
const MESSAGE: usize = 1024;

/// Runs a call that returns 0, or writes why not into the buffer that it is given, of so many bytes, ended by 0.
pub(crate) fn guarded(call: impl FnOnce(*mut c_char, usize) -> c_int) -> Result<(), String> {
    let mut problem = [0 as c_char; MESSAGE];
    if call(problem.as_mut_ptr(), MESSAGE) == 0 {
        return Ok(());
    }
    // SAFETY: the message is ended by 0 within the buffer, which is zeros where nothing was written.
    let problem = unsafe { CStr::from_ptr(problem.as_ptr()) };
    Err(problem.to_string_lossy().into_owned())
}
