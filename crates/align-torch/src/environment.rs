//! The environment of a computation, which affects the rounding of its results.

use crate::{LIBTORCH_VERSION, MatmulPrecision};
use serde::{Deserialize, Serialize};
use std::ffi::{CStr, c_char, c_int};
use tch::Device;

/// Size of the buffer for the name of the CPU capability.
const NAME: usize = 64;

unsafe extern "C" {
    fn align_torch_cpu_capability(name: *mut c_char, capacity: usize) -> c_int;
}

/// The software and hardware of a computation. In different environments the same computation gives results that differ in their last
/// bits, and so eventually different weights and texts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Environment {
    /// The version of these crates.
    pub align: String,
    /// The version of LibTorch.
    pub libtorch: String,
    /// `cpu` or `cuda`.
    pub device: String,
    /// The architecture of the processor, and the CPU capability that LibTorch's kernels use (`x86_64 AVX2`).
    pub processor: String,
    /// The precision of float32 matrix products; `None` if LibTorch does not return it.
    pub matmul_precision: Option<MatmulPrecision>,
    /// Number of threads that LibTorch uses in an operation.
    pub threads: i32,
}

impl Environment {
    /// The current environment on `device`.
    ///
    /// ```
    /// let here = align_torch::Environment::current(tch::Device::Cpu);
    /// assert_eq!((here.device.as_str(), here.threads), ("cpu", tch::get_num_threads()));
    /// ```
    #[must_use]
    pub fn current(device: Device) -> Self {
        Self {
            align: env!("CARGO_PKG_VERSION").to_owned(),
            libtorch: LIBTORCH_VERSION.to_owned(),
            device: if device == Device::Cpu { "cpu" } else { "cuda" }.to_owned(),
            processor: format!("{} {}", std::env::consts::ARCH, cpu_capability()),
            matmul_precision: MatmulPrecision::current(),
            threads: tch::get_num_threads(),
        }
    }
}

fn cpu_capability() -> String {
    let mut name = [0 as c_char; NAME];
    // SAFETY: the function writes at most as many bytes as it is told there are, and lets no C++ exception out.
    let status = unsafe { align_torch_cpu_capability(name.as_mut_ptr(), name.len()) };
    if status != 0 {
        return "unknown".to_owned();
    }
    // SAFETY: on success the name ends with a NUL byte.
    unsafe { CStr::from_ptr(name.as_ptr()) }.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_processor_has_a_name() {
        let processor = Environment::current(Device::Cpu).processor;
        assert!(processor.starts_with(std::env::consts::ARCH) && !processor.ends_with("unknown"), "{processor}");
    }
}
