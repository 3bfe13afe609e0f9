//! Access to a tensor's values as a slice without copying, which tch does not offer.

use std::slice;
use tch::{Device, Kind, Tensor};

/// A tensor whose values cannot be accessed as a slice.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected a contiguous float32 tensor in main memory, found {kind:?} on {device:?}{}", if *contiguous { "" } else { ", not contiguous" })]
pub struct HostFloatsError {
    kind: Kind,
    device: Device,
    contiguous: bool,
}

/// Passes the values of a contiguous float32 tensor in main memory to `read` as a slice in row-major order, without copying them.
///
/// While `read` runs, no thread may write to the tensor or to one that shares its memory.
///
/// ```
/// let sum = align_torch::with_host_floats(&tch::Tensor::from_slice(&[1.0f32, 2.0]), |x| x.iter().sum::<f32>())?;
/// assert_eq!(sum, 3.0);
/// # Ok::<(), align_torch::HostFloatsError>(())
/// ```
///
/// # Errors
/// Another dtype or device, or a tensor that is not contiguous.
pub fn with_host_floats<R>(tensor: &Tensor, read: impl FnOnce(&[f32]) -> R) -> Result<R, HostFloatsError> {
    let (kind, device, contiguous) = (tensor.kind(), tensor.device(), tensor.is_contiguous());
    if kind != Kind::Float || device != Device::Cpu || !contiguous {
        return Err(HostFloatsError { kind, device, contiguous });
    }
    let count = tensor.numel();
    if count == 0 {
        return Ok(read(&[]));
    }
    // SAFETY: a contiguous float32 CPU tensor of `count` elements owns that many floats from its data pointer on, aligned by
    // LibTorch's allocator; `tensor` is borrowed for the call and so keeps them alive. That nobody writes to them meanwhile
    // is the caller's part, as it is with every tch function that reads a tensor.
    let floats = unsafe { slice::from_raw_parts(tensor.data_ptr().cast::<f32>().cast_const(), count) };
    Ok(read(floats))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn values_are_in_row_major_order() {
        let x = Tensor::arange(6, (Kind::Float, Device::Cpu)).view([2, 3]);
        assert_eq!(with_host_floats(&x, <[f32]>::to_vec).unwrap(), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
        assert_eq!(with_host_floats(&x.narrow(0, 1, 1), <[f32]>::to_vec).unwrap(), [3.0, 4.0, 5.0]);
        assert_eq!(with_host_floats(&x.narrow(0, 0, 0), <[f32]>::len).unwrap(), 0);
    }

    #[test]
    fn unsupported_tensors_are_rejected() {
        let x = Tensor::arange(6, (Kind::Float, Device::Cpu)).view([2, 3]);
        let problem = with_host_floats(&x.transpose(0, 1), <[f32]>::len).unwrap_err().to_string();
        assert!(problem.contains("not contiguous"), "{problem}");
        let problem = with_host_floats(&x.to_kind(Kind::Double), <[f32]>::len).unwrap_err().to_string();
        assert!(problem.contains("found Double"), "{problem}");
    }
}
