//! A linear layer with its weight packed in oneDNN's memory layout.

use crate::ffi_error::new_tensor;
use crate::row_blocks::RowBlocks;
use std::ffi::{CStr, c_char, c_int};
use std::ptr::null;
use tch::{Device, Kind, TchError, Tensor};
use torch_sys::C_tensor;

/// The layout is optimised for products of about this many rows.
const ROWS: i64 = 160;

unsafe extern "C" {
    fn align_torch_pack_weight(
        weight: *const C_tensor,
        rows: i64,
        packed: *mut *mut C_tensor,
        problem: *mut c_char,
        capacity: usize,
    ) -> c_int;
    fn align_torch_packed_linear(
        x: *const C_tensor,
        weight: *const C_tensor,
        bias: *const C_tensor,
        activation: *const c_char,
        algorithm: *const c_char,
        y: *mut *mut C_tensor,
        problem: *mut c_char,
        capacity: usize,
    ) -> c_int;
}

/// A weight cannot be packed, or a product failed in LibTorch.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("oneDNN's packed product: {0}")]
pub struct PackedLinearError(String);

impl From<TchError> for PackedLinearError {
    fn from(error: TchError) -> Self {
        Self(error.to_string())
    }
}

/// An activation function fused with the product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PackedActivation {
    /// No activation.
    Identity,
    /// `x Φ(x)`.
    Gelu,
    /// The tanh approximation of GELU.
    GeluTanh,
    /// `max(0, x)`.
    Relu,
}

/// `x Wᵀ + b` with a copy of `W`, `(out, in)`, in the memory layout of oneDNN's CPU kernels.
///
/// An ordinary product copies the weight into that layout each time. For the few rows of a decoding step this takes as long as the
/// product itself. This type is for inference only: it has no gradients, and later changes of the weight have no effect on it.
///
/// The result of a row does not depend on the other rows of the batch, down to the last bit, as long as LibTorch uses the same number of
/// threads as when the weight was packed. On a CPU without AVX-512 this requires blocks of at least six rows, so the product of a single
/// row takes about twice as long.
#[derive(Debug)]
pub struct PackedLinear {
    weight: Tensor,
    bias: Option<Tensor>,
    inputs: i64,
    blocks: RowBlocks,
}

impl PackedLinear {
    /// Packs a float32 or bfloat16 weight, `(out, in)`, in main memory; `bias` is `(out)`.
    ///
    /// # Errors
    /// The shape, dtype or device does not match, or the CPU does not support packed weights. Use an ordinary product instead.
    pub fn new(weight: &Tensor, bias: Option<&Tensor>) -> Result<Self, PackedLinearError> {
        let (shape, kind, device) = (weight.size(), weight.kind(), weight.device());
        if shape.len() != 2 || device != Device::Cpu || !matches!(kind, Kind::Float | Kind::BFloat16) {
            let found =
                format!("expected a float32 or bfloat16 matrix in main memory, found {kind:?} {shape:?} on {device:?}");
            return Err(PackedLinearError(found));
        }
        let weight = weight.detach().contiguous();
        // SAFETY: `weight` is alive for the call, which only reads it. The function fulfils the contract of `new_tensor`.
        let weight = new_tensor(|y, problem, capacity| unsafe {
            align_torch_pack_weight(weight.as_ptr(), ROWS, y, problem, capacity)
        })
        .map_err(PackedLinearError)?;
        let (inputs, outputs) = (shape[1], shape[0]);
        let test_product = |x: &Tensor| product(x, &weight, None, c"none", c"");
        let blocks = RowBlocks::find(inputs, outputs, kind, test_product)?;
        Ok(Self { weight, bias: bias.map(Tensor::detach), inputs, blocks })
    }

    /// Computes the activation of `x Wᵀ + b`; `x` is `(…, in)` in the dtype of the weight.
    ///
    /// # Errors
    /// Shapes or dtypes that do not match.
    pub fn forward(&self, x: &Tensor, activation: PackedActivation) -> Result<Tensor, PackedLinearError> {
        let (activation, algorithm) = match activation {
            PackedActivation::Identity => (c"none", c""),
            PackedActivation::Gelu => (c"gelu", c"none"),
            PackedActivation::GeluTanh => (c"gelu", c"tanh"),
            PackedActivation::Relu => (c"relu", c""),
        };
        let product = |x: &Tensor| product(x, &self.weight, self.bias.as_ref(), activation, algorithm);
        let shape = x.size();
        let Some((&inputs, outer)) = shape.split_last().filter(|(inputs, _)| **inputs == self.inputs) else {
            return Err(PackedLinearError(format!("expected (…, {}), found {shape:?}", self.inputs)));
        };
        let y = self.blocks.multiply(&x.f_reshape([-1, inputs])?, product)?;
        let outputs = y.size().last().copied().unwrap_or_default();
        Ok(y.f_view([outer, &[outputs]].concat().as_slice())?)
    }

    /// Clones the layer. Both share the same memory.
    #[must_use]
    pub fn shallow_clone(&self) -> Self {
        let (weight, bias) = (self.weight.shallow_clone(), self.bias.as_ref().map(Tensor::shallow_clone));
        Self { weight, bias, inputs: self.inputs, blocks: self.blocks.clone() }
    }
}

/// Computes oneDNN's product for all rows of `x`. `activation` and `algorithm` are names in LibTorch.
fn product(
    x: &Tensor,
    weight: &Tensor,
    bias: Option<&Tensor>,
    activation: &CStr,
    algorithm: &CStr,
) -> Result<Tensor, PackedLinearError> {
    let bias = bias.map_or(null(), Tensor::as_ptr);
    let (activation, algorithm) = (activation.as_ptr(), algorithm.as_ptr());
    // SAFETY: the tensors and both strings are alive for the call, which only reads them; a null bias is allowed. The function fulfils the
    // contract of `new_tensor`.
    new_tensor(|y, problem, capacity| unsafe {
        align_torch_packed_linear(x.as_ptr(), weight.as_ptr(), bias, activation, algorithm, y, problem, capacity)
    })
    .map_err(PackedLinearError)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn numbers(rows: i64, columns: i64) -> Tensor {
        (Tensor::arange(rows * columns, (Kind::Float, Device::Cpu)) * 0.37).sin().view([rows, columns])
    }

    fn distance(a: &Tensor, b: &Tensor) -> f64 {
        (a - b).abs().max().double_value(&[])
    }

    #[test]
    fn products_equal_those_of_an_ordinary_layer() {
        let (x, w, b) = (numbers(24, 64), numbers(40, 64), numbers(1, 40).view(40));
        let packed = PackedLinear::new(&w, Some(&b)).unwrap();
        let plain = x.linear(&w, Some(&b));
        let cases = [
            (PackedActivation::Identity, plain.shallow_clone()),
            (PackedActivation::Gelu, plain.gelu("none")),
            (PackedActivation::GeluTanh, plain.gelu("tanh")),
            (PackedActivation::Relu, plain.relu()),
        ];
        for (activation, expected) in cases {
            let found = packed.forward(&x, activation).unwrap();
            assert!(distance(&found, &expected) < 1e-5, "{activation:?}");
        }
        let without = PackedLinear::new(&w, None).unwrap().forward(&x, PackedActivation::Identity).unwrap();
        assert!(distance(&without, &x.linear(&w, None::<Tensor>)) < 1e-5);
    }

    #[test]
    fn transposed_weights_and_more_dimensions_are_supported() {
        let (x, w) = (numbers(24, 64), numbers(64, 40));
        let packed = PackedLinear::new(&w.tr(), None).unwrap();
        let found = packed.forward(&x.view([2, 3, 4, 64]), PackedActivation::Identity).unwrap();
        assert_eq!(found.size(), [2, 3, 4, 40]);
        assert!(distance(&found.view([24, 40]), &x.mm(&w)) < 1e-5);
    }

    #[test]
    fn the_result_of_a_row_does_not_depend_on_the_number_of_rows() {
        // Sizes at which the kernels of processors with and without AVX-512 change their algorithm.
        for (inputs, outputs) in [(64, 64), (64, 256), (256, 64), (64, 1000), (768, 3072), (3072, 768)] {
            let (x, w) = (numbers(200, inputs), numbers(outputs, inputs));
            let packed = PackedLinear::new(&w, None).unwrap();
            let all = packed.forward(&x, PackedActivation::Identity).unwrap();
            for (first, rows) in [(0, 1), (7, 1), (0, 2), (5, 3), (3, 6), (1, 8), (0, 31), (9, 64), (40, 160)] {
                let some = packed.forward(&x.narrow(0, first, rows), PackedActivation::Identity).unwrap();
                let same = some.equal(&all.narrow(0, first, rows));
                assert!(same, "rows {first} to {}, {inputs} to {outputs}", first + rows);
            }
        }
    }

    /// The error is relative to the sum of the absolute values of the terms.
    #[test]
    fn a_product_has_the_accuracy_of_float32() {
        for (inputs, outputs) in [(64, 256), (768, 3072), (3072, 768)] {
            let (x, w) = (numbers(40, inputs), numbers(outputs, inputs));
            let exact = x.to_kind(Kind::Double).linear(&w.to_kind(Kind::Double), None::<Tensor>);
            let sizes = x.abs().linear(&w.abs(), None::<Tensor>).to_kind(Kind::Double);
            let found = PackedLinear::new(&w, None).unwrap().forward(&x, PackedActivation::Identity).unwrap();
            let error = ((found.to_kind(Kind::Double) - exact) / sizes).abs().max().double_value(&[]);
            assert!(error < 2e-6, "{error:e}, {inputs} to {outputs}");
        }
    }

    #[test]
    fn shapes_and_dtypes_that_do_not_match_are_errors() {
        let w = numbers(40, 64);
        let problem = PackedLinear::new(&w.to_kind(Kind::Double), None).unwrap_err().to_string();
        assert!(problem.contains("found Double [40, 64]"), "{problem}");
        let packed = PackedLinear::new(&w, None).unwrap();
        let problem = packed.forward(&numbers(8, 63), PackedActivation::Identity).unwrap_err().to_string();
        assert_eq!(problem, "oneDNN's packed product: expected (…, 64), found [8, 63]");
    }
}
