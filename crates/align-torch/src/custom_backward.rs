//! Custom autograd functions.

use crate::ffi_error::{call_cpp, new_tensor, report};
use std::ffi::{c_char, c_int, c_void};
use std::fmt::Display;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use tch::{TchError, Tensor};
use torch_sys::C_tensor;

/// The type of a backward function in the graph; `None` after its use.
type Backward = Option<Box<dyn FnOnce(&Tensor) -> Result<Tensor, String> + Send>>;

/// The type of [`run_backward`].
type BackwardFn = unsafe extern "C" fn(*mut c_void, *const C_tensor, *mut *mut C_tensor, *mut c_char, usize) -> c_int;

unsafe extern "C" {
    fn align_torch_records_graph(
        tensor: *const C_tensor,
        records: *mut bool,
        problem: *mut c_char,
        capacity: usize,
    ) -> c_int;
    fn align_torch_gradient(
        weight: *const C_tensor,
        gradient: *mut *mut C_tensor,
        problem: *mut c_char,
        capacity: usize,
    ) -> c_int;
    fn align_torch_clear_gradient(weight: *const C_tensor, problem: *mut c_char, capacity: usize) -> c_int;
    fn align_torch_with_custom_backward(
        input: *const C_tensor,
        output: *const C_tensor,
        run_backward: BackwardFn,
        backward: *mut c_void,
        drop_backward: unsafe extern "C" fn(*mut c_void),
        result: *mut *mut C_tensor,
        problem: *mut c_char,
        capacity: usize,
    ) -> c_int;
}

/// Whether autograd records operations on the tensor, which is false within [`tch::no_grad`].
///
/// # Errors
/// Only errors of LibTorch.
pub fn records_graph(tensor: &Tensor) -> Result<bool, TchError> {
    let mut records = false;
    // SAFETY: the tensor is alive for the call, which reads it; no C++ exception leaves it.
    call_cpp(|problem, capacity| unsafe {
        align_torch_records_graph(tensor.as_ptr(), &raw mut records, problem, capacity)
    })
    .map_err(TchError::Torch)?;
    Ok(records)
}

/// The gradient of a weight, to which a backward function can add in place. Creates a gradient of zeros if there is none.
///
/// # Errors
/// The tensor is not a leaf of the graph, and other errors of LibTorch.
pub fn gradient_or_zeros(weight: &Tensor) -> Result<Tensor, TchError> {
    // SAFETY: the tensor is alive for the call; no C++ exception leaves it.
    new_tensor(|gradient, problem, capacity| unsafe {
        align_torch_gradient(weight.as_ptr(), gradient, problem, capacity)
    })
    .map_err(TchError::Torch)
}

/// Frees the gradient of a weight, like `zero_grad` with `set_to_none` in PyTorch. The next backward pass then stores its gradient instead of
/// adding to zeros.
///
/// # Errors
/// Only errors of LibTorch.
pub fn clear_gradient(weight: &Tensor) -> Result<(), TchError> {
    // SAFETY: the tensor is alive for the call; no C++ exception leaves it.
    call_cpp(|problem, capacity| unsafe { align_torch_clear_gradient(weight.as_ptr(), problem, capacity) })
        .map_err(TchError::Torch)
}

/// Returns `output` as a function of `input` in the autograd graph, with a custom `backward` function.
///
/// The backward pass calls `backward` with the gradient of the output. It returns the gradient of the input, and may add to the gradients
/// of weights ([`gradient_or_zeros`]), which are then not part of the graph. It is called at most once, on a GPU in a thread of LibTorch.
/// `output` gets a graph even if `input` has none, so that the gradients of weights can be computed.
///
/// ```
/// use {align_torch::with_custom_backward, tch::{TchError, Tensor}};
/// let x = Tensor::from_slice(&[3.0f32]).set_requires_grad(true);
/// let (square, twice) = (x.detach().square(), x.detach() * 2.0);
/// let y = with_custom_backward(&x, &square, move |grad_y| grad_y.f_mul(&twice))?;
/// y.backward();
/// assert_eq!(x.grad().double_value(&[0]), 6.0);
/// # Ok::<(), TchError>(())
/// ```
///
/// # Errors
/// Errors of LibTorch. The backward pass fails if `backward` fails or panics, and for a second backward pass, second derivatives, and
/// gradients of single tensors ([`Tensor::run_backward`]), which are not supported.
pub fn with_custom_backward<E: Display>(
    input: &Tensor,
    output: &Tensor,
    backward: impl FnOnce(&Tensor) -> Result<Tensor, E> + Send + 'static,
) -> Result<Tensor, TchError> {
    let backward: Box<Backward> =
        Box::new(Some(Box::new(move |grad_output| backward(grad_output).map_err(|e| e.to_string()))));
    // SAFETY: the tensors are alive for the call, which reads them. The backward function is a pointer from a box of the type that both
    // functions expect. C++ owns it now, runs it in one thread at a time, and drops it once. No C++ exception leaves the call.
    new_tensor(|result, problem, capacity| unsafe {
        align_torch_with_custom_backward(
            input.as_ptr(),
            output.as_ptr(),
            run_backward,
            Box::into_raw(backward).cast(),
            drop_backward,
            result,
            problem,
            capacity,
        )
    })
    .map_err(TchError::Torch)
}

/// Runs a backward function on `grad_output`. Returns 0 and a new tensor in `grad_input`, or -1 and a message of at most `capacity`
/// bytes including the final 0.
///
/// # Safety
/// `backward` comes from [`with_custom_backward`] and has not been passed to [`drop_backward`]; `grad_output` is alive for the call; the
/// other pointers are valid for writes.
unsafe extern "C" fn run_backward(
    backward: *mut c_void,
    grad_output: *const C_tensor,
    grad_input: *mut *mut C_tensor,
    problem: *mut c_char,
    capacity: usize,
) -> c_int {
    // SAFETY: guaranteed by the caller.
    let backward = unsafe { &mut *backward.cast::<Backward>() };
    let result = catch_unwind(AssertUnwindSafe(|| {
        let backward = backward.take().ok_or("a backward function was called a second time")?;
        // SAFETY: the tensor belongs to the caller and is alive; it is cloned.
        let grad_output = unsafe { Tensor::clone_from_ptr(grad_output.cast_mut()) };
        backward(&grad_output)
    }));
    match result.unwrap_or_else(|_| Err("a backward function panicked".into())) {
        Ok(result) => {
            let mut result = ManuallyDrop::new(result);
            // SAFETY: guaranteed by the caller, which now owns the tensor.
            unsafe { grad_input.write(result.as_mut_ptr()) };
            0
        }
        // SAFETY: guaranteed by the caller.
        Err(message) => unsafe { report(&message, problem, capacity) },
    }
}

/// Drops a backward function.
///
/// # Safety
/// `backward` comes from [`with_custom_backward`] and is not used any more.
unsafe extern "C" fn drop_backward(backward: *mut c_void) {
    // SAFETY: guaranteed by the caller; the pointer came from a box of this type.
    drop(unsafe { Box::from_raw(backward.cast::<Backward>()) });
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;
    use std::sync::Arc;
    use tch::Kind;

    fn leaf() -> Tensor {
        Tensor::from_slice(&[1.0f32, 2.0]).set_requires_grad(true)
    }

    /// `x²` of a leaf.
    fn square(x: &Tensor) -> Tensor {
        let twice = x.detach() * 2.0;
        with_custom_backward(x, &x.detach().square(), move |grad_y| grad_y.f_mul(&twice)).unwrap()
    }

    #[test]
    fn it_composes_with_other_functions() {
        let x = leaf();
        (square(&(&x * 3.0)) * 0.5).sum(Kind::Float).backward();
        assert_eq!(x.grad(), Tensor::from_slice(&[9.0f32, 18.0]));
    }

    #[test]
    fn backward_can_add_to_gradients_of_weights_outside_the_graph() {
        let (x, weight) = (Tensor::from_slice(&[1.0f32, 2.0]), leaf());
        for pass in [1.0f64, 2.0] {
            let (same, input) = (weight.shallow_clone(), x.shallow_clone());
            let product = tch::no_grad(|| &x * &weight);
            let y = with_custom_backward(&x, &product, move |grad_y| {
                let _ = gradient_or_zeros(&same)?.f_add_(&grad_y.f_mul(&input)?)?;
                grad_y.f_mul(&same)
            });
            y.unwrap().sum(Kind::Float).backward();
            assert_eq!(weight.grad(), &x * pass);
        }
        assert!(!x.grad().defined());
    }

    #[test]
    fn backward_is_dropped_after_its_use() {
        let (x, held) = (leaf(), Arc::new(()));
        let own = |held: Arc<()>| {
            with_custom_backward(&x, &x.detach(), move |grad_y| {
                let _held = held;
                Ok::<_, TchError>(grad_y.shallow_clone())
            })
            .unwrap()
        };
        let y = own(held.clone()).sum(Kind::Float);
        assert_eq!(Arc::strong_count(&held), 2);
        y.backward();
        assert_eq!(Arc::strong_count(&held), 1);
        let problem = y.f_backward().unwrap_err().to_string();
        assert!(problem.contains("second time"), "{problem}");
        drop(own(held.clone()));
        assert_eq!(Arc::strong_count(&held), 1);
    }

    #[test]
    fn failures_and_unsupported_uses_are_errors() {
        let x = leaf();
        let problem = |end: fn() -> Result<Tensor, String>| {
            let y = with_custom_backward(&x, &x.detach(), move |_| end()).unwrap();
            y.sum(Kind::Float).f_backward().unwrap_err().to_string()
        };
        assert!(problem(|| Err("seven".into())).contains("seven"));
        assert!(problem(|| panic!("on purpose")).contains("panicked"));
        assert!(problem(|| Ok(Tensor::from_slice(&[1.0f32]))).contains("shape"));
        let asked = |twice| Tensor::f_run_backward(&[square(&x).sum(Kind::Float)], &[&x], false, twice);
        assert!(asked(false).unwrap_err().to_string().contains("one by one"));
        assert!(asked(true).unwrap_err().to_string().contains("first derivatives"));
    }

    #[test]
    fn a_graph_is_recorded_for_tensors_that_need_a_gradient() {
        let x = leaf();
        assert!(records_graph(&x).unwrap() && !records_graph(&x.detach()).unwrap());
        assert!(!tch::no_grad(|| records_graph(&x)).unwrap());
    }
}
