//! Functions that are called when the gradient of a weight is complete.

use crate::ffi_error::{call_cpp, report};
use std::ffi::{c_char, c_int, c_void};
use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind};
use tch::{TchError, Tensor};
use torch_sys::C_tensor;

type Function = Box<dyn Fn() -> Result<(), String> + Send>;

/// The type of [`run_function`].
type RunFn = unsafe extern "C" fn(*mut c_void, *mut c_char, usize) -> c_int;

unsafe extern "C" {
    fn align_torch_set_gradient_hook(
        weight: *const C_tensor,
        run: RunFn,
        state: *mut c_void,
        drop: unsafe extern "C" fn(*mut c_void),
        problem: *mut c_char,
        capacity: usize,
    ) -> c_int;
    fn align_torch_remove_gradient_hook(weight: *const C_tensor, problem: *mut c_char, capacity: usize) -> c_int;
}

/// A function that is called whenever a backward pass has added to the gradient of a weight, like PyTorch's
/// `register_post_accumulate_grad_hook`. A weight has at most one. Dropping this removes it.
///
/// A backward pass adds to each weight's gradient once, after all of its uses. What [custom backward
/// functions](crate::with_custom_backward) add is not counted.
///
/// ```
/// use align_torch::GradientHook;
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicUsize, Ordering};
/// use tch::{Kind, TchError, Tensor};
///
/// let weight = Tensor::from_slice(&[1.0f32, 2.0]).set_requires_grad(true);
/// let calls = Arc::new(AtomicUsize::new(0));
/// let count = calls.clone();
/// let hook = GradientHook::new(&weight, move || {
///     count.fetch_add(1, Ordering::Relaxed);
///     Ok::<(), TchError>(())
/// })?;
/// (&weight * &weight + &weight).sum(Kind::Float).f_backward()?;
/// drop(hook);
/// (&weight * 3.0).sum(Kind::Float).f_backward()?;
/// assert_eq!(calls.load(Ordering::Relaxed), 1);
/// # Ok::<(), TchError>(())
/// ```
#[derive(Debug)]
#[must_use = "dropping the hook removes it"]
pub struct GradientHook(Tensor);

impl GradientHook {
    /// Registers a function for a weight, a leaf of the graph. An error of the function fails the backward pass.
    ///
    /// # Errors
    /// The tensor is not a leaf, and other errors of LibTorch.
    pub fn new<E: Display>(
        weight: &Tensor,
        function: impl Fn() -> Result<(), E> + Send + 'static,
    ) -> Result<Self, TchError> {
        let function: Box<Function> = Box::new(Box::new(move || function().map_err(|e| e.to_string())));
        // SAFETY: the weight is alive for the call. The function is a pointer from a box of the type that both functions expect. C++ owns it
        // now, and drops it once. No C++ exception leaves the call.
        call_cpp(|problem, capacity| unsafe {
            let state = Box::into_raw(function).cast();
            align_torch_set_gradient_hook(weight.as_ptr(), run_function, state, drop_function, problem, capacity)
        })
        .map_err(TchError::Torch)?;
        Ok(Self(weight.shallow_clone()))
    }
}

impl Drop for GradientHook {
    fn drop(&mut self) {
        // SAFETY: the weight is alive for the call; no C++ exception leaves it. Removing a hook cannot fail for a leaf.
        let _ = call_cpp(|problem, capacity| unsafe {
            align_torch_remove_gradient_hook(self.0.as_ptr(), problem, capacity)
        });
    }
}

/// Runs a function. Returns 0, or -1 and a message of at most `capacity` bytes including the final 0.
///
/// # Safety
/// `state` comes from [`GradientHook::new`] and has not been passed to [`drop_function`]; `problem` is valid for writes of `capacity` bytes.
unsafe extern "C" fn run_function(state: *mut c_void, problem: *mut c_char, capacity: usize) -> c_int {
    // SAFETY: guaranteed by the caller.
    let function = unsafe { &*state.cast::<Function>() };
    let result = catch_unwind(AssertUnwindSafe(function));
    match result.unwrap_or_else(|_| Err("a function for a gradient panicked".into())) {
        Ok(()) => 0,
        // SAFETY: guaranteed by the caller.
        Err(message) => unsafe { report(&message, problem, capacity) },
    }
}

/// Drops a function.
///
/// # Safety
/// `state` comes from [`GradientHook::new`] and is not used any more.
unsafe extern "C" fn drop_function(state: *mut c_void) {
    // SAFETY: guaranteed by the caller; the pointer came from a box of this type.
    drop(unsafe { Box::from_raw(state.cast::<Function>()) });
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;
    use tch::Kind;

    #[test]
    fn an_error_or_a_panic_of_the_function_fails_the_backward_pass() {
        for panics in [false, true] {
            let weight = Tensor::from_slice(&[1.0f32]).set_requires_grad(true);
            let fail = move || if panics { panic!("a bug") } else { Err("no connection") };
            let _hook = GradientHook::new(&weight, fail).unwrap();
            let problem = (&weight * 2.0).sum(Kind::Float).f_backward().unwrap_err().to_string();
            let expected = if panics { "panicked" } else { "no connection" };
            assert!(problem.contains(expected), "{problem}");
        }
    }

    #[test]
    fn a_tensor_that_is_not_a_leaf_is_rejected() {
        let weight = Tensor::from_slice(&[1.0f32]).set_requires_grad(true);
        GradientHook::new(&(&weight * 2.0), || Ok::<(), TchError>(())).unwrap_err();
    }
}
