//! Calls of C++ functions that may fail, and the tensors that they return.

use std::ffi::{CStr, c_char, c_int};
use std::ptr::null_mut;
use tch::Tensor;
use torch_sys::C_tensor;

/// Size of the buffer for error messages.
const MESSAGE: usize = 1024;

/// Calls a C++ function that returns 0 on success, or else writes a zero-terminated message into the given buffer of the given size.
///
/// For crates with C++ functions of their own, which can include this crate's `catch_exceptions.h`.
///
/// # Errors
/// The function's message, if it did not return 0.
pub fn call_cpp(call: impl FnOnce(*mut c_char, usize) -> c_int) -> Result<(), String> {
    let mut problem = [0 as c_char; MESSAGE];
    if call(problem.as_mut_ptr(), MESSAGE) == 0 {
        return Ok(());
    }
    // SAFETY: the message is ended by 0 within the buffer, which is zeros where nothing was written.
    let problem = unsafe { CStr::from_ptr(problem.as_ptr()) };
    Err(problem.to_string_lossy().into_owned())
}

/// Reports the failure of a Rust function to the C++ function that called it: writes the beginning of `message`, ended by 0, and returns -1.
///
/// # Safety
/// `problem` is valid for writes of `capacity` bytes, at least 1.
pub(crate) unsafe fn report(message: &str, problem: *mut c_char, capacity: usize) -> c_int {
    let len = message.len().min(capacity.saturating_sub(1));
    // SAFETY: the message's first `len` bytes and a 0 fit into `capacity` bytes, which the caller owns.
    unsafe {
        message.as_ptr().cast::<c_char>().copy_to_nonoverlapping(problem, len);
        problem.add(len).write(0);
    }
    -1
}

/// Calls a C++ function that creates a tensor, and takes ownership of the tensor.
///
/// The arguments of `call` are a pointer for the new tensor, a buffer for an error message, and the size of the buffer in bytes. It must
/// return 0 after writing the tensor, and any other value after writing a message that ends with a NUL byte.
pub(crate) fn new_tensor(call: impl FnOnce(*mut *mut C_tensor, *mut c_char, usize) -> c_int) -> Result<Tensor, String> {
    let mut tensor = null_mut();
    call_cpp(|problem, capacity| call(&raw mut tensor, problem, capacity))?;
    if tensor.is_null() {
        return Err("LibTorch returned no tensor".into());
    }
    // SAFETY: the tensor is new and has no other owner.
    Ok(unsafe { Tensor::from_ptr(tensor) })
}
