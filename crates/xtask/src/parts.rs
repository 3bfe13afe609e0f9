//! LibTorch's CPU half alone, or with its CUDA half.

use std::path::Path;

/// What of LibTorch is brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parts {
    Cpu,
    /// Both halves.
    Cuda,
}

impl Parts {
    /// What a folder of LibTorch holds.
    pub fn of(root: &Path) -> Self {
        if root.join("lib/libtorch_cuda.so").is_file() { Self::Cuda } else { Self::Cpu }
    }
}

/// What the command line asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WantedParts {
    /// Both halves on a machine with an NVIDIA GPU, else the CPU half; a finished set-up stays as it is.
    #[default]
    Auto,
    Exactly(Parts),
}
