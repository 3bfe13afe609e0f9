//! What tch lacks: float32 matmul precision, products with packed weights, AdamW in one pass, gradient checkpointing, functions with a derivative of one's own, loading CUDA at run
//! time, choosing a device, the memory that is left, what rounding depends on, a tensor's numbers as a slice, ending at once, signals that run no handler on a
//! thread that computes.
//!
//! ```
//! use align_torch::{DeviceChoice, MatmulPrecision};
//! use tch::{Kind, Tensor};
//!
//! let device = DeviceChoice::Cpu.resolve()?;
//! let x = Tensor::ones([64, 64], (Kind::Float, device));
//! let y = {
//!     let _fast = MatmulPrecision::Medium.set();
//!     x.matmul(&x)
//! }; // the previous precision is back
//! assert_eq!(y.double_value(&[0, 0]), 64.0);
//! # Ok::<(), align_torch::DeviceError>(())
//! ```

// The one crate of the workspace that speaks to C++ and to the dynamic loader.
#![allow(unsafe_code)]

mod allocator;
mod available_memory;
mod bfloat16;
mod cuda;
mod device;
mod environment;
mod exit;
mod fused_adamw;
mod gradient_checkpoint;
mod guarded;
mod host_floats;
mod matmul_precision;
mod packed_linear;
mod row_blocks;
#[cfg(unix)]
mod termination;
mod with_derivative;

// Linked for its build script, which tells ours where LibTorch is.
use torch_sys as _;

pub use allocator::keep_freed_memory;
pub use available_memory::{attainable_memory, available_memory, bytes_in_words};
pub use bfloat16::{bfloat16_slowdown, warn_if_slow};
pub use cuda::{CudaLibrary, load_cuda};
pub use device::{DeviceChoice, DeviceError, ParseDeviceError};
pub use environment::Environment;
pub use exit::exit_now;
pub use fused_adamw::{FusedAdamWError, FusedAdamWStep};
pub use gradient_checkpoint::gradient_checkpoint;
pub use host_floats::{HostFloatsError, with_host_floats};
pub use matmul_precision::{MatmulPrecision, MatmulPrecisionGuard};
pub use packed_linear::{PackedActivation, PackedLinear, PackedLinearError};
#[cfg(unix)]
pub use termination::{TerminationError, TerminationSignal, watch_termination_signals};
pub use with_derivative::{gradient, records_graph, with_derivative};

/// The LibTorch that tch's bindings are of; their build refuses another one.
pub const LIBTORCH_VERSION: &str = "2.11.0";

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
