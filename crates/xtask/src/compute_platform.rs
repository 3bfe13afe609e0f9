//! The compute platform of a LibTorch: CPU only, or CPU and CUDA.

use std::path::Path;

/// The libraries of LibTorch that are installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ComputePlatform {
    /// LibTorch without CUDA.
    Cpu,
    /// LibTorch with CUDA.
    Cuda,
}

impl ComputePlatform {
    /// The platform of an installed LibTorch.
    pub fn of_folder(root: &Path) -> Self {
        if root.join("lib/libtorch_cuda.so").is_file() { Self::Cuda } else { Self::Cpu }
    }
}

/// The platform that the command line requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RequestedPlatform {
    /// CUDA on a machine with an NVIDIA GPU, otherwise CPU. An existing `.libtorch` is kept.
    #[default]
    Auto,
    Exactly(ComputePlatform),
}
