//! Operations of decoders that LibTorch computes on a CPU in many passes over memory, each as one node of the autograd graph.

use crate::ffi_error::new_tensor;
use std::ffi::{c_char, c_int};
use tch::{Device, Kind, TchError, Tensor};
use torch_sys::C_tensor;

unsafe extern "C" {
    fn align_torch_rms_norm(
        input: *const C_tensor,
        weight: *const C_tensor,
        eps: f64,
        offset: f64,
        output: *mut *mut C_tensor,
        problem: *mut c_char,
        capacity: usize,
    ) -> c_int;
    fn align_torch_silu_and_mul(
        gate: *const C_tensor,
        up: *const C_tensor,
        output: *mut *mut C_tensor,
        problem: *mut c_char,
        capacity: usize,
    ) -> c_int;
    fn align_torch_rotate_halves(
        x: *const C_tensor,
        cosine: *const C_tensor,
        sine: *const C_tensor,
        output: *mut *mut C_tensor,
        problem: *mut c_char,
        capacity: usize,
    ) -> c_int;
}

/// Whether [`rms_norm`], [`rotate_halves`] and [`silu_and_mul`] support a tensor: float32 on a CPU.
#[must_use]
pub fn has_fused_nodes(x: &Tensor) -> bool {
    x.device() == Device::Cpu && x.kind() == Kind::Float
}

/// RMS normalisation over the last dimension (arXiv:1910.07467): `x / √(mean(x²) + eps) · (weight + offset)`.
///
/// ```
/// use tch::Tensor;
/// let (x, weight) = (Tensor::from_slice(&[3.0f32, 4.0]), Tensor::from_slice(&[1.0f32, 2.0]));
/// let y = align_torch::rms_norm(&x, &weight, 0.0, 0.0)?;
/// assert!((y.double_value(&[1]) - 8.0 / 12.5f64.sqrt()).abs() < 1e-6);
/// # Ok::<(), tch::TchError>(())
/// ```
///
/// # Errors
/// The width of the weight is another, or a tensor is not float32 on a CPU. The backward pass has first derivatives only.
pub fn rms_norm(x: &Tensor, weight: &Tensor, eps: f64, offset: f64) -> Result<Tensor, TchError> {
    // SAFETY: the tensors are alive for the call, which reads them; no C++ exception leaves it.
    new_tensor(|output, problem, capacity| unsafe {
        align_torch_rms_norm(x.as_ptr(), weight.as_ptr(), eps, offset, output, problem, capacity)
    })
    .map_err(TchError::Torch)
}

/// Rotates pairs of `x`, `(batch, heads, seq, head_dim)`, by the angles of each token, whose cosines and sines are `(batch, seq, half)`: the
/// values `i` and `half + i` of each head are a pair. Values from `2 half` on stay.
///
/// ```
/// use tch::{Kind, Tensor};
/// let x = Tensor::from_slice(&[1.0f32, 0.0]).view([1, 1, 1, 2]);
/// let (cosine, sine) = (Tensor::from_slice(&[0.6f32]).view([1, 1, 1]), Tensor::from_slice(&[0.8f32]).view([1, 1, 1]));
/// let y = align_torch::rotate_halves(&x, &cosine, &sine)?;
/// assert_eq!(Vec::<f32>::try_from(y.view([2])).unwrap(), [0.6, 0.8]);
/// # Ok::<(), tch::TchError>(())
/// ```
///
/// # Errors
/// Shapes that do not fit, or a tensor that is not float32 on a CPU. The backward pass has first derivatives only.
pub fn rotate_halves(x: &Tensor, cosine: &Tensor, sine: &Tensor) -> Result<Tensor, TchError> {
    // SAFETY: the tensors are alive for the call, which reads them; no C++ exception leaves it.
    new_tensor(|output, problem, capacity| unsafe {
        align_torch_rotate_halves(x.as_ptr(), cosine.as_ptr(), sine.as_ptr(), output, problem, capacity)
    })
    .map_err(TchError::Torch)
}

/// The gate of SwiGLU (arXiv:2002.05202), `gate · σ(gate) · up`, for tensors of equal shape.
///
/// ```
/// use tch::Tensor;
/// let y = align_torch::silu_and_mul(&Tensor::from_slice(&[0.0f32, 50.0]), &Tensor::from_slice(&[3.0f32, 2.0]))?;
/// assert_eq!(Vec::<f32>::try_from(y).unwrap(), [0.0, 100.0]);
/// # Ok::<(), tch::TchError>(())
/// ```
///
/// # Errors
/// Shapes that differ, or a tensor that is not float32 on a CPU. The backward pass has first derivatives only.
pub fn silu_and_mul(gate: &Tensor, up: &Tensor) -> Result<Tensor, TchError> {
    // SAFETY: the tensors are alive for the call, which reads them; no C++ exception leaves it.
    new_tensor(|output, problem, capacity| unsafe {
        align_torch_silu_and_mul(gate.as_ptr(), up.as_ptr(), output, problem, capacity)
    })
    .map_err(TchError::Torch)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn wave(shape: &[i64], step: f64) -> Tensor {
        let count: i64 = shape.iter().product();
        (Tensor::arange(count, (Kind::Float, Device::Cpu)) * step).sin().view(shape).set_requires_grad(true)
    }

    /// Values and gradients of all inputs, for a weighted sum of the outputs.
    fn with_gradients(inputs: &[&Tensor], f: impl Fn() -> Tensor) -> Vec<Tensor> {
        inputs.iter().for_each(|x| x.shallow_clone().zero_grad());
        let y = f();
        (&y * (Tensor::arange(y.numel() as i64, (Kind::Float, Device::Cpu)).view_as(&y) * 0.7).cos())
            .sum(Kind::Float)
            .backward();
        std::iter::once(y.detach()).chain(inputs.iter().map(|x| x.grad().copy())).collect()
    }

    fn assert_near(found: &[Tensor], expected: &[Tensor]) {
        for (found, expected) in found.iter().zip(expected) {
            let apart = (found - expected).abs().max().double_value(&[]);
            assert!(apart < 2e-5 * expected.abs().max().double_value(&[]).max(1.0), "{apart}");
        }
    }

    #[test]
    fn rms_norm_equals_its_formula_with_gradients() {
        for (shape, offset) in [([3, 7, 37], 0.0), ([1, 1, 16], 1.0), ([5, 40, 8], 1.0)] {
            let (x, weight) = (wave(&shape, 0.37), wave(&shape[2..], 0.9));
            let found = with_gradients(&[&x, &weight], || rms_norm(&x, &weight, 1e-5, offset).unwrap());
            let formula = || {
                let mean = x.square().mean_dim(-1, true, Kind::Float);
                &x * (mean + 1e-5).rsqrt() * (&weight + offset)
            };
            assert_near(&found, &with_gradients(&[&x, &weight], formula));
        }
    }

    #[test]
    fn rotations_equal_their_formula_with_gradients() {
        for (heads, width, half) in [(3, 8, 4), (1, 10, 3)] {
            // Heads as attention splits them: not contiguous.
            let x = wave(&[2, 5, heads, width], 0.37);
            let angles = wave(&[2, 5, half], 1.3).detach();
            let (cosine, sine) = (angles.cos(), angles.sin());
            let found = with_gradients(&[&x], || rotate_halves(&x.transpose(1, 2), &cosine, &sine).unwrap());
            let formula = || {
                let x = x.transpose(1, 2);
                let (c, s) = (cosine.unsqueeze(1), sine.unsqueeze(1));
                let (left, right) = (x.narrow(3, 0, half), x.narrow(3, half, half));
                let rest = x.narrow(3, 2 * half, width - 2 * half);
                Tensor::cat(&[&left * &c - &right * &s, &right * &c + &left * &s, rest], 3)
            };
            assert_near(&found, &with_gradients(&[&x], formula));
        }
    }

    #[test]
    fn gates_equal_their_formula_with_gradients() {
        for size in [1, 40_000] {
            let gate = (wave(&[size], 0.37) * 60.0).detach().set_requires_grad(true);
            let up = wave(&[size], 0.9);
            let found = with_gradients(&[&gate, &up], || silu_and_mul(&gate, &up).unwrap());
            assert_near(&found, &with_gradients(&[&gate, &up], || gate.silu() * &up));
        }
    }

    #[test]
    fn other_tensors_are_refused() {
        let (x, weight) = (wave(&[2, 4], 0.3), wave(&[4], 0.3));
        assert!(rms_norm(&x, &weight.narrow(0, 0, 3), 1e-5, 0.0).is_err());
        assert!(rms_norm(&x.to_kind(Kind::Double), &weight, 1e-5, 0.0).is_err());
        assert!(rotate_halves(&x, &weight, &weight).is_err());
        assert!(silu_and_mul(&x, &weight).is_err());
        assert!(silu_and_mul(&x, &x.to_kind(Kind::Double)).is_err());
    }
}
