use crate::ffi_error::new_tensor;
use std::ffi::{c_char, c_int};
use std::ptr::null;
use tch::{TchError, Tensor};
use torch_sys::C_tensor;

unsafe extern "C" {
    fn align_torch_flash_attention(
        query: *const C_tensor,
        key: *const C_tensor,
        value: *const C_tensor,
        mask: *const C_tensor,
        is_causal: bool,
        scale: f64,
        output: *mut *mut C_tensor,
        problem: *mut c_char,
        capacity: usize,
    ) -> c_int;
}

/// LibTorch's flash attention (arXiv:2205.14135) on a CPU, `softmax(scale · query keyᵀ + mask) value`, with gradients.
///
/// It is faster than [`Tensor::scaled_dot_product_attention`] under [`MatmulPrecision::Medium`](crate::MatmulPrecision::Medium), where LibTorch
/// multiplies each small block by oneDNN, whose setup takes longer than the product. Here the blocks are multiplied by BLAS in full float32, for
/// which the process-wide precision is `Highest` during the call.
///
/// * `query`: `(batch, heads, seq, head_dim)`; `key` and `value`: `(batch, heads, keys, head_dim)`.
/// * `mask`: added to the scores, `(batch, heads, seq, keys)` or a shape with two or four dimensions that broadcasts to it.
/// * `is_causal`: token `i` attends to the keys `0..=i`.
///
/// ```
/// use tch::{Device, Kind, Tensor};
/// let (query, key) = (Tensor::zeros([1, 1, 2, 4], (Kind::Float, Device::Cpu)), Tensor::ones([1, 1, 2, 4], (Kind::Float, Device::Cpu)));
/// let value = Tensor::from_slice(&[1.0f32, 1.0, 1.0, 1.0, 3.0, 3.0, 3.0, 3.0]).view([1, 1, 2, 4]);
/// let attended = align_torch::flash_attention(&query, &key, &value, None, true, 0.5)?;
/// assert_eq!((attended.double_value(&[0, 0, 0, 0]), attended.double_value(&[0, 0, 1, 0])), (1.0, 2.0));
/// # Ok::<(), tch::TchError>(())
/// ```
///
/// # Errors
/// Shapes that do not fit, tensors that are empty or not float32 on a CPU, a mask that needs a gradient or comes with `is_causal`. The backward
/// pass has first derivatives only.
pub fn flash_attention(
    query: &Tensor,
    key: &Tensor,
    value: &Tensor,
    mask: Option<&Tensor>,
    is_causal: bool,
    scale: f64,
) -> Result<Tensor, TchError> {
    let mask = mask.map_or(null(), Tensor::as_ptr);
    let (query, key, value) = (query.as_ptr(), key.as_ptr(), value.as_ptr());
    // SAFETY: the tensors are alive for the call, which reads them; a null mask is allowed; no C++ exception leaves it.
    new_tensor(|output, problem, capacity| unsafe {
        align_torch_flash_attention(query, key, value, mask, is_causal, scale, output, problem, capacity)
    })
    .map_err(TchError::Torch)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use tch::{Device, Kind};

    fn wave(shape: &[i64], step: f64, kind: Kind) -> Tensor {
        let count: i64 = shape.iter().product();
        (Tensor::arange(count, (Kind::Double, Device::Cpu)) * step).sin().view(shape).to_kind(kind)
    }

    /// The attention and the gradients of queries, keys and values, for a weighted sum of the attention.
    fn with_gradients(kind: Kind, attend: impl Fn(&Tensor, &Tensor, &Tensor) -> Tensor) -> Vec<Tensor> {
        let leaf = |seq, step| wave(&[2, 3, seq, 8], step, kind).set_requires_grad(true);
        let inputs = [leaf(70, 0.37), leaf(90, 0.53), leaf(90, 0.71)];
        let attended = attend(&inputs[0], &inputs[1], &inputs[2]);
        (&attended * wave(&[2, 3, 70, 8], 0.9, kind)).sum(kind).backward();
        std::iter::once(attended.detach()).chain(inputs.iter().map(Tensor::grad)).collect()
    }

    fn plain(query: &Tensor, key: &Tensor, value: &Tensor, mask: &Tensor) -> Tensor {
        ((query.matmul(&key.transpose(2, 3)) * 0.35) + mask).softmax(-1, Kind::Double).matmul(value)
    }

    #[test]
    fn values_and_gradients_equal_those_of_plain_attention_in_float64() {
        let future = Tensor::ones([70, 90], (Kind::Bool, Device::Cpu)).triu(1);
        let causal = Tensor::zeros([1, 1, 70, 90], (Kind::Double, Device::Cpu)).masked_fill(&future, f64::NEG_INFINITY);
        let mask = wave(&[2, 1, 70, 90], 0.41, Kind::Double);
        for precision in [crate::MatmulPrecision::Highest, crate::MatmulPrecision::Medium] {
            let _precision = precision.set();
            for (added, is_causal) in [(&causal, true), (&mask, false), (&mask.select(0, 1).select(0, 0), false)] {
                let given = (!is_causal).then(|| added.to_kind(Kind::Float));
                let found = with_gradients(Kind::Float, |query, key, value| {
                    flash_attention(query, key, value, given.as_ref(), is_causal, 0.35).unwrap()
                });
                assert_eq!(crate::MatmulPrecision::current(), Some(precision));
                let expected = with_gradients(Kind::Double, |query, key, value| plain(query, key, value, added));
                for (found, expected) in found.iter().zip(&expected) {
                    let error = (found.to_kind(Kind::Double) - expected).abs().max().double_value(&[]);
                    assert!(error < 5e-6, "{error:e}, causal: {is_causal}");
                }
            }
        }
    }

    #[test]
    fn tensors_that_do_not_fit_are_errors() {
        let (query, key) = (wave(&[1, 2, 3, 4], 0.1, Kind::Float), wave(&[1, 1, 3, 4], 0.1, Kind::Float));
        let problem = |key: &Tensor, mask: Option<&Tensor>, is_causal| {
            flash_attention(&query, key, key, mask, is_causal, 1.0).unwrap_err().to_string()
        };
        assert!(problem(&key, None, true).contains("do not fit each other"));
        assert!(problem(&query.to_kind(Kind::Double), None, true).contains("float32"));
        assert!(problem(&query, Some(&wave(&[1, 1, 3, 3], 0.1, Kind::Float)), true).contains("is_causal"));
    }
}
