//! Gradient checkpointing of a layer.

use crate::ffi_error::{call_cpp, report};
use std::ffi::{c_char, c_int, c_void};
use std::fmt::Display;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::{null, null_mut};
use tch::{TchError, Tensor};
use torch_sys::C_tensor;

/// The type of a layer in the graph.
type Layer = Box<dyn Fn(&Tensor) -> Result<Tensor, String> + Send>;

/// The type of [`run_again`].
type Run = unsafe extern "C" fn(*mut c_void, *mut C_tensor, *mut *mut C_tensor, *mut c_char, usize) -> c_int;

unsafe extern "C" {
    fn align_torch_gradient_checkpoint_begin(
        input: *const C_tensor,
        preserve_rng_state: bool,
        leaf: *mut *mut C_tensor,
        state: *mut *mut C_tensor,
        problem: *mut c_char,
        capacity: usize,
    ) -> c_int;
    fn align_torch_gradient_checkpoint_end(
        input: *const C_tensor,
        output: *const C_tensor,
        state: *const C_tensor,
        run: Run,
        layer: *mut c_void,
        drop_layer: unsafe extern "C" fn(*mut c_void),
        result: *mut *mut C_tensor,
        problem: *mut c_char,
        capacity: usize,
    ) -> c_int;
}

/// Computes `layer(input)` with gradient checkpointing (arXiv:1604.06174): only the input is saved, and the backward pass runs the layer
/// again.
///
/// Values and gradients are bit-identical to those of `layer(input)`, except that the gradients of weights shared by several layers are
/// summed in another order. With `preserve_rng_state` random numbers from the device's generator, such as those of dropout, are the same
/// in both runs, and the second run does not advance the generator. Tensors that the layer holds must not change before the backward
/// pass. The layer must be [`Send`], because on a GPU the backward pass runs in a thread of LibTorch. If no graph is recorded, as in
/// [`tch::no_grad`], the layer runs once.
///
/// ```
/// use {align_torch::gradient_checkpoint, tch::{TchError, Tensor}};
/// let weight = Tensor::from_slice(&[2.0f32]).set_requires_grad(true);
/// let w = weight.shallow_clone();
/// let y = gradient_checkpoint(&Tensor::from_slice(&[3.0f32]), false, move |x| x.f_mul(&w.f_square()?))?;
/// y.backward();
/// assert_eq!(weight.grad().double_value(&[0]), 12.0); // the derivative of 3 w²
/// # Ok::<(), TchError>(())
/// ```
///
/// # Errors
/// Errors of the layer and of LibTorch. The backward pass fails if the second run fails or panics, and for second derivatives and
/// gradients of single tensors ([`Tensor::run_backward`]), which are not supported.
pub fn gradient_checkpoint<E: Display + From<TchError>>(
    input: &Tensor,
    preserve_rng_state: bool,
    layer: impl Fn(&Tensor) -> Result<Tensor, E> + Send + 'static,
) -> Result<Tensor, E> {
    let (mut leaf, mut state) = (null_mut(), null_mut());
    // SAFETY: `input` is alive for the call, which reads it; no C++ exception leaves it.
    let started = call_cpp(|problem, capacity| unsafe {
        align_torch_gradient_checkpoint_begin(
            input.as_ptr(),
            preserve_rng_state,
            &raw mut leaf,
            &raw mut state,
            problem,
            capacity,
        )
    });
    let (leaf, state) = (from_cpp(leaf), from_cpp(state));
    started.map_err(TchError::Torch)?;
    // Record a graph, although it is dropped at once: without one, LibTorch may choose other kernels, which round differently.
    let Some(leaf) = leaf else { return layer(input) };
    let output = layer(&leaf)?;
    let layer: Box<Layer> = Box::new(Box::new(move |x| layer(x).map_err(|e| e.to_string())));
    let mut result = null_mut();
    // SAFETY: the tensors are alive for the call, which reads them; a null state is allowed. The layer is a pointer from a box of the
    // type that both functions expect. C++ owns it now, runs it in one thread at a time, and drops it once. No C++ exception leaves the
    // call.
    call_cpp(|problem, capacity| unsafe {
        align_torch_gradient_checkpoint_end(
            input.as_ptr(),
            output.as_ptr(),
            state.as_ref().map_or(null(), Tensor::as_ptr),
            run_again,
            Box::into_raw(layer).cast(),
            drop_layer,
            &raw mut result,
            problem,
            capacity,
        )
    })
    .map_err(TchError::Torch)?;
    let nothing = || TchError::Torch("gradient checkpointing returned no tensor".into());
    Ok(from_cpp(result).ok_or_else(nothing)?)
}

/// Takes ownership of a new tensor that C++ returned; `None` if it is null.
fn from_cpp(tensor: *mut C_tensor) -> Option<Tensor> {
    // SAFETY: C++ wrote null, or a new tensor that has no other owner.
    (!tensor.is_null()).then(|| unsafe { Tensor::from_ptr(tensor) })
}

/// Runs a layer on `input`, of which it takes ownership. Returns 0 and a new tensor in `output`, or -1 and a message of at most
/// `capacity` bytes including the final 0.
///
/// # Safety
/// `layer` comes from [`gradient_checkpoint`] and has not been passed to [`drop_layer`]; `input` has no other owner; the other pointers
/// are valid for writes.
unsafe extern "C" fn run_again(
    layer: *mut c_void,
    input: *mut C_tensor,
    output: *mut *mut C_tensor,
    problem: *mut c_char,
    capacity: usize,
) -> c_int {
    // SAFETY: guaranteed by the caller.
    let (layer, input) = unsafe { (&*layer.cast::<Layer>(), Tensor::from_ptr(input)) };
    let result = catch_unwind(AssertUnwindSafe(|| layer(&input)));
    match result.unwrap_or_else(|_| Err("a layer panicked when it was run again".into())) {
        Ok(result) => {
            let mut result = ManuallyDrop::new(result);
            // SAFETY: guaranteed by the caller, which now owns the tensor.
            unsafe { output.write(result.as_mut_ptr()) };
            0
        }
        // SAFETY: guaranteed by the caller.
        Err(message) => unsafe { report(&message, problem, capacity) },
    }
}

/// Drops a layer.
///
/// # Safety
/// `layer` comes from [`gradient_checkpoint`] and is not used any more.
unsafe extern "C" fn drop_layer(layer: *mut c_void) {
    // SAFETY: guaranteed by the caller; the pointer came from a box of this type.
    drop(unsafe { Box::from_raw(layer.cast::<Layer>()) });
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use tch::{Device, Kind};

    fn numbers(rows: i64, columns: i64) -> Tensor {
        (Tensor::arange(rows * columns, (Kind::Float, Device::Cpu)) * 0.37).sin().view([rows, columns])
    }

    fn leaf(rows: i64, columns: i64) -> Tensor {
        numbers(rows, columns).set_requires_grad(true)
    }

    /// Two layers of `dropout(tanh(x W)) W`, plain or checkpointed. Returns the value, the gradients of input and weights, and the next
    /// random numbers of the generator.
    fn run(checkpointed: bool, dropout: f64, input: &Tensor) -> (Tensor, Tensor, Tensor, Tensor) {
        tch::manual_seed(7);
        let (weights, mut x) = ([leaf(16, 16), leaf(16, 16)], input.shallow_clone());
        for weight in &weights {
            let same = weight.shallow_clone();
            let layer = move |x: &Tensor| x.f_mm(&same)?.f_tanh()?.f_dropout(dropout, dropout > 0.0)?.f_mm(&same);
            x = if checkpointed { gradient_checkpoint(&x, dropout > 0.0, layer).unwrap() } else { layer(&x).unwrap() };
        }
        let value = x.square().sum(Kind::Float);
        value.backward();
        (
            value.detach(),
            input.grad(),
            Tensor::cat(&weights.map(|weight| weight.grad()), 0),
            Tensor::rand([4], (Kind::Float, Device::Cpu)),
        )
    }

    #[test]
    fn values_gradients_and_rng_state_equal_those_without_checkpointing() {
        for dropout in [0.0, 0.5] {
            let (plain, found) = (run(false, dropout, &leaf(8, 16)), run(true, dropout, &leaf(8, 16)));
            assert!(plain.2.abs().max().double_value(&[]) > 0.1);
            for (plain, found) in [(plain.0, found.0), (plain.1, found.1), (plain.2, found.2), (plain.3, found.3)] {
                assert!(plain.equal(&found), "dropout {dropout}");
            }
        }
        // An input that needs no gradient gets none.
        let (plain, found) = (run(false, 0.0, &numbers(8, 16)), run(true, 0.0, &numbers(8, 16)));
        assert!(!found.1.defined() && plain.2.equal(&found.2));
    }

    /// A layer `x w` that counts its runs.
    fn counted(
        runs: &Arc<AtomicUsize>,
        weight: &Tensor,
    ) -> impl Fn(&Tensor) -> Result<Tensor, TchError> + Send + use<> {
        let (runs, weight) = (runs.clone(), weight.shallow_clone());
        move |x| {
            runs.fetch_add(1, Ordering::Relaxed);
            x.f_mul(&weight)
        }
    }

    #[test]
    fn a_layer_runs_twice_and_is_dropped() {
        let (runs, weight) = (Arc::new(AtomicUsize::new(0)), leaf(1, 4));
        let y = gradient_checkpoint(&numbers(1, 4), false, counted(&runs, &weight)).unwrap().sum(Kind::Float);
        assert_eq!((runs.load(Ordering::Relaxed), Arc::strong_count(&runs)), (1, 2));
        y.backward();
        assert_eq!((runs.load(Ordering::Relaxed), Arc::strong_count(&runs)), (2, 1));
        let problem = y.f_backward().unwrap_err().to_string();
        assert!(problem.contains("second time"), "{problem}");
        // The layer is also dropped if there is no backward pass.
        drop(gradient_checkpoint(&numbers(1, 4), false, counted(&runs, &weight)).unwrap());
        assert_eq!((runs.load(Ordering::Relaxed), Arc::strong_count(&runs)), (3, 1));
    }

    #[test]
    fn without_a_graph_the_layer_runs_once() {
        let (runs, weight) = (Arc::new(AtomicUsize::new(0)), leaf(1, 4));
        let y = tch::no_grad(|| gradient_checkpoint(&numbers(1, 4), false, counted(&runs, &weight)).unwrap());
        assert!(!y.requires_grad());
        let y = gradient_checkpoint(&numbers(1, 4), false, counted(&runs, &numbers(1, 4))).unwrap();
        assert!(!y.requires_grad() && y.equal(&numbers(1, 4).square()));
        assert_eq!((runs.load(Ordering::Relaxed), Arc::strong_count(&runs)), (2, 1));
    }

    /// The error of the backward pass through a layer whose second run ends with `end`.
    fn second(end: fn() -> Result<Tensor, TchError>) -> String {
        let (runs, weight) = (AtomicUsize::new(0), leaf(1, 4));
        let layer = move |x: &Tensor| if runs.fetch_add(1, Ordering::Relaxed) == 0 { x.f_mul(&weight) } else { end() };
        gradient_checkpoint(&numbers(1, 4), false, layer)
            .unwrap()
            .sum(Kind::Float)
            .f_backward()
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn a_layer_that_fails_is_an_error() {
        let failing = |_: &Tensor| Err::<Tensor, _>(TchError::Shape("seven".into()));
        let problem = gradient_checkpoint(&leaf(1, 4), false, failing).unwrap_err();
        assert!(matches!(problem, TchError::Shape(_)), "{problem}");
        let problem = second(|| Err(TchError::Shape(format!("{}behind", "é".repeat(2000)))));
        assert!(problem.contains("éé") && !problem.contains("behind"), "{problem}");
        let problem = second(|| panic!("on purpose"));
        assert!(problem.contains("panicked"), "{problem}");
        let problem = second(|| Ok(numbers(2, 2)));
        assert!(problem.contains("another output"), "{problem}");
    }

    #[test]
    fn uses_that_would_give_wrong_gradients_are_errors() {
        let (input, weight) = (leaf(1, 4), leaf(1, 4));
        let runs = Arc::new(AtomicUsize::new(0));
        let y = || gradient_checkpoint(&input, false, counted(&runs, &weight)).unwrap().sum(Kind::Float);
        let problem = Tensor::f_run_backward(&[y()], &[&input], false, false).unwrap_err().to_string();
        assert!(problem.contains("one by one"), "{problem}");
        let problem = Tensor::f_run_backward(&[y()], &[&input], false, true).unwrap_err().to_string();
        assert!(problem.contains("first derivatives"), "{problem}");
        let changed = numbers(1, 4);
        let y = gradient_checkpoint(&changed, false, counted(&runs, &weight)).unwrap().sum(Kind::Float);
        let _ = changed.shallow_clone().fill_(1.0);
        let problem = y.f_backward().unwrap_err().to_string();
        assert!(problem.contains("inplace"), "{problem}");
    }
}
