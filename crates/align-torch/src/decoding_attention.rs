//! Attention of a decoding step: one new token in each row, over a cache whose rows may have different lengths.

use crate::ffi_error::new_tensor;
use std::ffi::{c_char, c_int};
use tch::{Device, Kind, TchError, Tensor};
use torch_sys::C_tensor;

unsafe extern "C" {
    fn align_torch_decoding_attention(
        query: *const C_tensor,
        key: *const C_tensor,
        value: *const C_tensor,
        keys: *mut C_tensor,
        values: *mut C_tensor,
        lengths: *const i64,
        scale: f64,
        softcap: f64,
        window: i64,
        output: *mut *mut C_tensor,
        problem: *mut c_char,
        capacity: usize,
    ) -> c_int;
}

/// Whether [`DecodingAttention`] supports tensors of this dtype on this device: float32 and bfloat16 on a CPU.
#[must_use]
pub fn has_decoding_attention(kind: Kind, device: Device) -> bool {
    device == Device::Cpu && matches!(kind, Kind::Float | Kind::BFloat16)
}

/// Attention of the newest token of each row, `softmax(scale · q Kᵀ) V`, without gradients. The result of a row depends on that row only, down to
/// the last bit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DecodingAttention {
    /// Scale of the scores.
    pub scale: f64,
    /// Scores `s` become `cap · tanh(s / cap)`.
    pub softcap: Option<f64>,
    /// Number of newest tokens that are attended to, including the new one; all if `None`.
    pub window: Option<i64>,
}

impl DecodingAttention {
    /// Writes `key` and `value`, `(rows, kv_heads, 1, head_dim)`, to slot `lengths[row]` of each row of `keys`,
    /// `(rows, kv_heads, head_dim, slots)`, and `values`, `(rows, kv_heads, slots, head_dim)`, which must be contiguous. Returns the attention of
    /// `query`, `(rows, heads, 1, head_dim)`, over the first `lengths[row] + 1` slots. Each key head serves `heads / kv_heads` consecutive
    /// query heads.
    ///
    /// ```
    /// use align_torch::DecodingAttention;
    /// use tch::{Kind, Device, Tensor};
    /// let x = Tensor::from_slice(&[1.0f32, 2.0]).view([1, 1, 1, 2]);
    /// let mut keys = Tensor::zeros([1, 1, 2, 8], (Kind::Float, Device::Cpu));
    /// let mut values = Tensor::zeros([1, 1, 8, 2], (Kind::Float, Device::Cpu));
    /// let attention = DecodingAttention { scale: 1.0, softcap: None, window: None };
    /// // The first token attends to itself.
    /// assert_eq!(attention.append_and_attend(&x, &x, &x, &mut keys, &mut values, &[0])?, x);
    /// # Ok::<(), tch::TchError>(())
    /// ```
    ///
    /// # Errors
    /// Shapes, dtypes or lengths that do not fit, or another device than a CPU.
    pub fn append_and_attend(
        &self,
        query: &Tensor,
        key: &Tensor,
        value: &Tensor,
        keys: &mut Tensor,
        values: &mut Tensor,
        lengths: &[i64],
    ) -> Result<Tensor, TchError> {
        let rows = query.size().first().copied().unwrap_or(0);
        if rows != lengths.len() as i64 {
            return Err(TchError::Shape(format!("{} lengths for {rows} rows of queries", lengths.len())));
        }
        let (softcap, window) = (self.softcap.unwrap_or(0.0), self.window.unwrap_or(0));
        // SAFETY: the tensors are alive for the call, which checks their shapes and dtypes, and that each of the `rows` lengths is a slot; it
        // writes to `keys` and `values`, which are borrowed exclusively. No C++ exception leaves it.
        new_tensor(|output, problem, capacity| unsafe {
            align_torch_decoding_attention(
                query.as_ptr(),
                key.as_ptr(),
                value.as_ptr(),
                keys.as_mut_ptr(),
                values.as_mut_ptr(),
                lengths.as_ptr(),
                self.scale,
                softcap,
                window,
                output,
                problem,
                capacity,
            )
        })
        .map_err(TchError::Torch)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const SLOTS: i64 = 40;

    fn wave(shape: &[i64], step: f64) -> Tensor {
        let count: i64 = shape.iter().product();
        (Tensor::arange(count, (Kind::Float, Device::Cpu)) * step).sin().view(shape)
    }

    /// The formula for one row, in float64.
    fn formula(options: DecodingAttention, query: &Tensor, keys: &Tensor, values: &Tensor, len: i64) -> Tensor {
        let (heads, kv_heads) = (query.size()[0], keys.size()[0]);
        let first = options.window.map_or(0, |window| (len - window).max(0));
        let of_heads = |x: Tensor| x.to_kind(Kind::Double).repeat_interleave_self_int(heads / kv_heads, 0, None);
        let (keys, values) =
            (of_heads(keys.narrow(2, first, len - first)), of_heads(values.narrow(1, first, len - first)));
        let mut scores = query.to_kind(Kind::Double).matmul(&keys) * options.scale;
        if let Some(cap) = options.softcap {
            scores = (scores / cap).tanh() * cap;
        }
        scores.softmax(-1, Kind::Double).matmul(&values)
    }

    #[test]
    fn each_row_equals_its_formula() {
        let lengths = [0, 5, 31, 39];
        for (kind, within) in [(Kind::Float, 2e-6), (Kind::BFloat16, 2e-2)] {
            for (softcap, window) in [(None, None), (Some(2.0), None), (None, Some(7)), (Some(30.0), Some(1))] {
                let options = DecodingAttention { scale: 1.7, softcap, window };
                let of = |shape: &[i64], step| wave(shape, step).to_kind(kind);
                let (query, key, value) = (of(&[4, 6, 1, 10], 0.7), of(&[4, 2, 1, 10], 1.3), of(&[4, 2, 1, 10], 0.9));
                let (mut keys, mut values) = (of(&[4, 2, 10, SLOTS], 0.37), of(&[4, 2, SLOTS, 10], 0.53));
                let found = options.append_and_attend(&query, &key, &value, &mut keys, &mut values, &lengths).unwrap();
                for (row, len) in (0..).zip(lengths) {
                    assert_eq!(keys.get(row).narrow(2, len, 1).transpose(1, 2), key.get(row));
                    assert_eq!(values.get(row).narrow(1, len, 1), value.get(row));
                    let expected = formula(options, &query.get(row), &keys.get(row), &values.get(row), len + 1);
                    let apart = (found.get(row).to_kind(Kind::Double) - expected).abs().max().double_value(&[]);
                    assert!(apart < within, "{options:?}, {len} tokens, {kind:?}: {apart}");
                }
            }
        }
    }

    #[test]
    fn a_row_does_not_depend_on_the_others_or_on_free_slots() {
        let options = DecodingAttention { scale: 0.3, softcap: None, window: None };
        let (query, key) = (wave(&[3, 4, 1, 8], 0.7), wave(&[3, 4, 1, 8], 1.3));
        let (mut keys, mut values) = (wave(&[3, 4, 8, SLOTS], 0.37), wave(&[3, 4, SLOTS, 8], 0.53));
        let all = options.append_and_attend(&query, &key, &key, &mut keys, &mut values, &[2, 37, 18]).unwrap();
        let row = |x: &Tensor| x.narrow(0, 2, 1);
        let (mut keys, mut values) =
            (row(&keys).narrow(3, 0, 19).contiguous(), row(&values).narrow(2, 0, 19).contiguous());
        let alone =
            options.append_and_attend(&row(&query), &row(&key), &row(&key), &mut keys, &mut values, &[18]).unwrap();
        assert!(alone.equal(&row(&all)));
    }

    #[test]
    fn very_different_scores_give_no_nan() {
        let options = DecodingAttention { scale: 1e4, softcap: None, window: None };
        let query = wave(&[1, 1, 1, 8], 0.7);
        let (mut keys, mut values) = (wave(&[1, 1, 8, SLOTS], 0.37), wave(&[1, 1, SLOTS, 8], 0.53));
        let found = options.append_and_attend(&query, &query, &query, &mut keys, &mut values, &[39]).unwrap();
        let expected = formula(options, &query.get(0), &keys.get(0), &values.get(0), 40);
        assert!((found.get(0) - expected).abs().max().double_value(&[]) < 1e-5);
    }

    #[test]
    fn other_tensors_are_refused() {
        let options = DecodingAttention { scale: 1.0, softcap: None, window: None };
        let x = wave(&[1, 2, 1, 4], 0.7);
        let (mut keys, mut values) = (wave(&[1, 2, 4, 5], 0.37), wave(&[1, 2, 5, 4], 0.53));
        let mut refused = |x: &Tensor, lengths: &[i64]| {
            options.append_and_attend(x, x, x, &mut keys, &mut values, lengths).unwrap_err().to_string()
        };
        assert!(refused(&x, &[5]).contains("5 tokens in 5 slots"));
        assert!(refused(&x, &[-1]).contains("-1 tokens"));
        assert!(refused(&x, &[0, 0]).contains("2 lengths"));
        assert!(refused(&x.to_kind(Kind::Double), &[0]).contains("float32 or bfloat16"));
        assert!(refused(&x.narrow(3, 0, 3), &[0]).contains("do not fit"));
    }
}
