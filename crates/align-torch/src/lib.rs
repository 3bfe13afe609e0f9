//! Features of LibTorch and the system that tch does not offer: float32 matmul precision, matrix products with packed weights, fused
//! AdamW, RMS norms and rotary embeddings, attention of training and of decoding steps, gradient checkpointing, custom autograd
//! functions, loading CUDA at run time, device selection, available memory, a description of the environment for reproducibility,
//! zero-copy access to a tensor's values, immediate exit, and safe handling of signals.
//!
//! ```
//! use align_torch::{DeviceChoice, MatmulPrecision};
//! use tch::{Kind, Tensor};
//!
//! let device = DeviceChoice::Cpu.resolve()?;
//! let x = Tensor::ones([64, 64], (Kind::Float, device));
//! let y = {
//!     let _precision = MatmulPrecision::Medium.set();
//!     x.matmul(&x)
//! }; // The guard restores the previous precision.
//! assert_eq!(y.double_value(&[0, 0]), 64.0);
//! # Ok::<(), align_torch::DeviceError>(())
//! ```

// This crate and align-distributed call C++; only this one calls the dynamic loader.
#![allow(unsafe_code)]

mod allocator;
mod available_memory;
mod bfloat16;
mod cuda;
mod custom_backward;
mod decoding_attention;
mod device;
mod environment;
mod exit;
mod ffi_error;
mod flash_attention;
mod fused_adamw;
mod fused_nodes;
mod gradient_checkpoint;
mod gradient_hook;
mod host_floats;
mod matmul_precision;
mod packed_linear;
mod row_blocks;
#[cfg(unix)]
mod termination;
mod vector_math;

// Linked for its build script, which passes the location of LibTorch to ours.
use torch_sys as _;

pub use allocator::keep_freed_memory;
pub use available_memory::{available_memory, format_bytes, obtainable_memory};
pub use bfloat16::{bfloat16_slowdown, warn_if_bfloat16_is_slow};
pub use cuda::{CudaLibrary, load_cuda};
pub use custom_backward::{clear_gradient, gradient_or_zeros, records_graph, with_custom_backward};
pub use decoding_attention::{DecodingAttention, has_decoding_attention};
pub use device::{DeviceChoice, DeviceError, ParseDeviceError};
pub use environment::Environment;
pub use exit::exit_now;
pub use ffi_error::call_cpp;
pub use flash_attention::flash_attention;
pub use fused_adamw::{FusedAdamWError, FusedAdamWStep};
pub use fused_nodes::{has_fused_nodes, rms_norm, rotate_halves, silu_and_mul};
pub use gradient_checkpoint::gradient_checkpoint;
pub use gradient_hook::GradientHook;
pub use host_floats::{HostFloatsError, with_host_floats};
pub use matmul_precision::{MatmulPrecision, MatmulPrecisionGuard};
pub use packed_linear::{PackedActivation, PackedLinear, PackedLinearError};
#[cfg(unix)]
pub use termination::{TerminationError, TerminationSignal, watch_termination_signals};

/// The version of LibTorch that tch's bindings need.
pub const LIBTORCH_VERSION: &str = "2.11.0";

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
