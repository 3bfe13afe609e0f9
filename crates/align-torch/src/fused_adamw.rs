//! LibTorch's fused AdamW.

use crate::ffi_error::call_cpp;
use std::ffi::{c_char, c_int};
use tch::Tensor;
use torch_sys::C_tensor;

unsafe extern "C" {
    fn align_torch_fused_adamw(
        weight: *mut C_tensor,
        grad: *const C_tensor,
        exp_avg: *mut C_tensor,
        exp_avg_sq: *mut C_tensor,
        step: f64,
        lr: f64,
        beta1: f64,
        beta2: f64,
        weight_decay: f64,
        eps: f64,
        problem: *mut c_char,
        capacity: usize,
    ) -> c_int;
}

/// An error of the fused AdamW.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("LibTorch's AdamW: {0}")]
pub struct FusedAdamWError(String);

/// One step of AdamW (arXiv:1711.05101, algorithm 2) with LibTorch's fused kernel. It makes one pass over memory, instead of about a
/// dozen with separate tensor operations.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FusedAdamWStep {
    /// The number of the step, from 1.
    pub step: u64,
    /// The learning rate.
    pub lr: f64,
    /// Decay of the gradient's running mean.
    pub beta1: f64,
    /// Decay of the squared gradient's running mean.
    pub beta2: f64,
    /// Decoupled weight decay.
    pub weight_decay: f64,
    /// Added to the denominator.
    pub eps: f64,
}

impl FusedAdamWStep {
    /// Updates `weight` and both running means in place, without recording a graph. All four tensors must have the same shape, dtype and
    /// device.
    ///
    /// # Errors
    /// The tensors do not match.
    pub fn apply(
        &self,
        weight: &mut Tensor,
        grad: &Tensor,
        exp_avg: &mut Tensor,
        exp_avg_sq: &mut Tensor,
    ) -> Result<(), FusedAdamWError> {
        for other in [grad, exp_avg, exp_avg_sq] {
            let same = other.size() == weight.size()
                && other.kind() == weight.kind()
                && other.device() == weight.device()
                && other.is_contiguous();
            if !same || !weight.is_contiguous() {
                let of = |x: &Tensor| format!("{:?} {:?} on {:?}", x.kind(), x.size(), x.device());
                let expected =
                    format!("expected contiguous tensors like the weight's, {}, found {}", of(weight), of(other));
                return Err(FusedAdamWError(expected));
            }
        }
        // SAFETY: the four tensors are alive for the call and agree in shape, dtype and device; three of them are borrowed mutably, so
        // nobody reads them meanwhile; no C++ exception leaves it.
        call_cpp(|problem, capacity| unsafe {
            align_torch_fused_adamw(
                weight.as_mut_ptr(),
                grad.as_ptr(),
                exp_avg.as_mut_ptr(),
                exp_avg_sq.as_mut_ptr(),
                self.step as f64,
                self.lr,
                self.beta1,
                self.beta2,
                self.weight_decay,
                self.eps,
                problem,
                capacity,
            )
        })
        .map_err(FusedAdamWError)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use tch::{Device, Kind};

    fn numbers(seed: f64) -> Tensor {
        ((Tensor::arange(1000, (Kind::Float, Device::Cpu)) + seed) * 0.37).sin()
    }

    /// Five steps against the paper's formulas in float64.
    #[test]
    fn steps_equal_the_formulas_of_the_paper() {
        let (mut weight, mut exp_avg, mut exp_avg_sq) = (numbers(0.0), numbers(0.0) * 0.0, numbers(0.0) * 0.0);
        let wide = |x: &Tensor| x.to_kind(Kind::Double);
        let (mut w, mut m, mut v) = (wide(&weight), wide(&exp_avg), wide(&exp_avg_sq));
        let base = FusedAdamWStep { step: 0, lr: 0.01, beta1: 0.9, beta2: 0.999, weight_decay: 0.1, eps: 1e-8 };
        for step in 1..=5 {
            let grad = numbers(step as f64 * 3.3);
            FusedAdamWStep { step, ..base }.apply(&mut weight, &grad, &mut exp_avg, &mut exp_avg_sq).unwrap();
            let g = wide(&grad);
            w *= 1.0 - 0.01 * 0.1;
            m = m * 0.9 + &g * 0.1;
            v = v * 0.999 + &g * &g * 0.001;
            let (m_hat, v_hat) = (&m / (1.0 - 0.9f64.powi(step as i32)), &v / (1.0 - 0.999f64.powi(step as i32)));
            w -= m_hat * 0.01 / (v_hat.sqrt() + 1e-8);
        }
        assert!((wide(&weight) - w).abs().max().double_value(&[]) < 1e-6);
        assert!((wide(&exp_avg_sq) - v).abs().max().double_value(&[]) < 1e-7);
    }

    #[test]
    fn tensors_that_do_not_match_are_rejected() {
        let step = FusedAdamWStep { step: 1, lr: 0.01, beta1: 0.9, beta2: 0.999, weight_decay: 0.0, eps: 1e-8 };
        let (mut weight, mut m, mut v) = (numbers(0.0), numbers(0.0), numbers(0.0));
        let problem = step.apply(&mut weight, &numbers(0.0).narrow(0, 0, 9), &mut m, &mut v).unwrap_err().to_string();
        assert!(problem.contains("[9]"), "{problem}");
        let problem = step.apply(&mut weight, &numbers(0.0).to_kind(Kind::Half), &mut m, &mut v).unwrap_err();
        assert!(problem.to_string().contains("Half"), "{problem}");
    }
}
