//! A function whose derivative the caller computes.

use crate::guarded::guarded;
use std::ffi::{c_char, c_int, c_void};
use std::fmt::Display;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::null_mut;
use tch::{TchError, Tensor};
use torch_sys::C_tensor;

/// A derivative as the graph holds it, until it is used.
type Derivative = Option<Box<dyn FnOnce(&Tensor) -> Result<Tensor, String> + Send>>;

/// [`derive`]'s type.
type Derive = unsafe extern "C" fn(*mut c_void, *const C_tensor, *mut *mut C_tensor, *mut c_char, usize) -> c_int;

unsafe extern "C" {
    fn align_torch_records_graph(
        tensor: *const C_tensor,
        records: *mut bool,
        problem: *mut c_char,
        room: usize,
    ) -> c_int;
    fn align_torch_gradient(
        weight: *const C_tensor,
        gradient: *mut *mut C_tensor,
        problem: *mut c_char,
        room: usize,
    ) -> c_int;
    fn align_torch_with_derivative(
        input: *const C_tensor,
        output: *const C_tensor,
        derive: Derive,
        derivative: *mut c_void,
        forget: unsafe extern "C" fn(*mut c_void),
        result: *mut *mut C_tensor,
        problem: *mut c_char,
        room: usize,
    ) -> c_int;
}

/// Whether LibTorch records a graph of what is computed from a tensor here.
///
/// # Errors
/// Only what LibTorch refuses.
pub fn records_graph(tensor: &Tensor) -> Result<bool, TchError> {
    let mut records = false;
    // SAFETY: the tensor is alive for the call, which reads it; no C++ exception leaves it.
    guarded(|problem, room| unsafe { align_torch_records_graph(tensor.as_ptr(), &raw mut records, problem, room) })
        .map_err(TchError::Torch)?;
    Ok(records)
}

/// The gradient of a weight, to be added to in place: zeros if the weight had none.
///
/// # Errors
/// A tensor that is no leaf of the graph, or what LibTorch refuses.
pub fn gradient(weight: &Tensor) -> Result<Tensor, TchError> {
    let mut gradient = null_mut();
    // SAFETY: the tensor is alive for the call; no C++ exception leaves it.
    guarded(|problem, room| unsafe { align_torch_gradient(weight.as_ptr(), &raw mut gradient, problem, room) })
        .map_err(TchError::Torch)?;
    made(gradient)
}

/// `output` as a function of `input` in LibTorch's graph, with a `derivative` of one's own.
///
/// In the backward pass `derivative` gets the derivative by `output`, of its shape, and gives that by `input`, of the input's shape. It
/// may add to the gradients of weights ([`gradient`]), which then need no place in the graph. It runs at most once, and on a GPU in a
/// thread of LibTorch's own. `output` gets a graph even where `input` has none, so that weights can be added to.
///
/// ```
/// use {align_torch::with_derivative, tch::{TchError, Tensor}};
/// let x = Tensor::from_slice(&[3.0f32]).set_requires_grad(true);
/// let (square, twice) = (x.detach().square(), x.detach() * 2.0);
/// let y = with_derivative(&x, &square, move |by_y| by_y.f_mul(&twice))?;
/// y.backward();
/// assert_eq!(x.grad().double_value(&[0]), 6.0);
/// # Ok::<(), TchError>(())
/// ```
///
/// # Errors
/// What LibTorch refuses. An error or a panic of the derivative comes out of the backward pass; so does a refusal of second derivatives,
/// of a second pass, and of gradients that are asked for one by one ([`Tensor::run_backward`]).
pub fn with_derivative<E: Display>(
    input: &Tensor,
    output: &Tensor,
    derivative: impl FnOnce(&Tensor) -> Result<Tensor, E> + Send + 'static,
) -> Result<Tensor, TchError> {
    let derivative: Box<Derivative> =
        Box::new(Some(Box::new(move |by_output| derivative(by_output).map_err(|e| e.to_string()))));
    let mut result = null_mut();
    // SAFETY: the tensors are alive for the call, which reads them. The derivative is a pointer from a box of the type that both functions
    // expect, and ours no more; whoever holds it runs it in one thread at a time and forgets it once. No C++ exception leaves the call.
    guarded(|problem, room| unsafe {
        align_torch_with_derivative(
            input.as_ptr(),
            output.as_ptr(),
            derive,
            Box::into_raw(derivative).cast(),
            forget,
            &raw mut result,
            problem,
            room,
        )
    })
    .map_err(TchError::Torch)?;
    made(result)
}

/// A new tensor that C++ made.
fn made(tensor: *mut C_tensor) -> Result<Tensor, TchError> {
    if tensor.is_null() {
        return Err(TchError::Torch("LibTorch gave no tensor".into()));
    }
    // SAFETY: C++ wrote a new tensor that nobody else holds.
    Ok(unsafe { Tensor::from_ptr(tensor) })
}

/// Runs a derivative on `by_output`: 0 and a new tensor in `by_input`, or -1 and a message of at most `room` bytes, ended by 0.
///
/// # Safety
/// `derivative` is one that [`with_derivative`] handed over and [`forget`] did not get; `by_output` is alive for the call; the other
/// pointers can be written to.
unsafe extern "C" fn derive(
    derivative: *mut c_void,
    by_output: *const C_tensor,
    by_input: *mut *mut C_tensor,
    problem: *mut c_char,
    room: usize,
) -> c_int {
    // SAFETY: the caller's promise.
    let derivative = unsafe { &mut *derivative.cast::<Derivative>() };
    let found = catch_unwind(AssertUnwindSafe(|| {
        let derivative = derivative.take().ok_or("a derivative was asked for a second time")?;
        // SAFETY: the tensor is the caller's and alive; a clone is ours.
        let by_output = unsafe { Tensor::clone_from_ptr(by_output.cast_mut()) };
        derivative(&by_output)
    }));
    match found.unwrap_or_else(|_| Err("a derivative panicked".into())) {
        Ok(found) => {
            let mut found = ManuallyDrop::new(found);
            // SAFETY: the caller's promise; the tensor is the caller's from here on.
            unsafe { by_input.write(found.as_mut_ptr()) };
            0
        }
        Err(message) => {
            let len = message.len().min(room.saturating_sub(1));
            // SAFETY: the message's first `len` bytes and a 0 fit into `room` bytes, which the caller owns.
            unsafe {
                message.as_ptr().cast::<c_char>().copy_to_nonoverlapping(problem, len);
                problem.add(len).write(0);
            }
            -1
        }
    }
}

/// Drops a derivative.
///
/// # Safety
/// `derivative` is one that [`with_derivative`] handed over, and nobody uses it any more.
unsafe extern "C" fn forget(derivative: *mut c_void) {
    // SAFETY: the caller's promise; the pointer came from a box of this type.
    drop(unsafe { Box::from_raw(derivative.cast::<Derivative>()) });
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
        with_derivative(x, &x.detach().square(), move |by_y| by_y.f_mul(&twice)).unwrap()
    }

    #[test]
    fn it_is_a_function_like_others() {
        let x = leaf();
        (square(&(&x * 3.0)) * 0.5).sum(Kind::Float).backward();
        assert_eq!(x.grad(), Tensor::from_slice(&[9.0f32, 18.0]));
    }

    #[test]
    fn a_derivative_adds_to_weights_that_are_not_in_the_graph() {
        let (x, weight) = (Tensor::from_slice(&[1.0f32, 2.0]), leaf());
        for pass in [1.0f64, 2.0] {
            let (same, input) = (weight.shallow_clone(), x.shallow_clone());
            let product = tch::no_grad(|| &x * &weight);
            let y = with_derivative(&x, &product, move |by_y| {
                let _ = gradient(&same)?.f_add_(&by_y.f_mul(&input)?)?;
                by_y.f_mul(&same)
            });
            y.unwrap().sum(Kind::Float).backward();
            assert_eq!(weight.grad(), &x * pass);
        }
        assert!(!x.grad().defined());
    }

    #[test]
    fn a_derivative_is_dropped_once_nobody_needs_it() {
        let (x, held) = (leaf(), Arc::new(()));
        let own = |held: Arc<()>| {
            with_derivative(&x, &x.detach(), move |by_y| {
                let _held = held;
                Ok::<_, TchError>(by_y.shallow_clone())
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
    fn what_fails_or_would_be_wrong_is_an_error() {
        let x = leaf();
        let problem = |end: fn() -> Result<Tensor, String>| {
            let y = with_derivative(&x, &x.detach(), move |_| end()).unwrap();
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
    fn a_graph_is_recorded_of_what_needs_a_gradient() {
        let x = leaf();
        assert!(records_graph(&x).unwrap() && !records_graph(&x.detach()).unwrap());
        assert!(!tch::no_grad(|| records_graph(&x)).unwrap());
    }
}
