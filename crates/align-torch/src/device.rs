//! The `--device` option of a program: `cpu`, `cuda`, `cuda:N` or `auto`.

use crate::{CudaLibrary, load_cuda};
use std::fmt;
use std::str::FromStr;
use tch::Device;

/// A device chosen by the user. [`DeviceChoice::resolve`] returns the actual device.
///
/// ```
/// use align_torch::DeviceChoice;
///
/// assert_eq!("cuda:1".parse(), Ok(DeviceChoice::Cuda(1)));
/// assert_eq!("cuda".parse(), Ok(DeviceChoice::Cuda(0)));
/// assert_eq!(DeviceChoice::default().to_string(), "auto");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum DeviceChoice {
    /// The first GPU if LibTorch can use one, else the CPU.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// The GPU with this number, from 0.
    Cuda(usize),
}

impl DeviceChoice {
    /// The choice of one of several processes of a machine, from its number among them: with [`DeviceChoice::Auto`] they take the GPUs in turn.
    #[must_use]
    pub fn for_process(self, local_rank: usize) -> Self {
        match (self, local_rank) {
            (Self::Auto, 1..) if *load_cuda() == CudaLibrary::Loaded && gpu_count() > 0 => {
                Self::Cuda(local_rank % gpu_count())
            }
            (chosen, _) => chosen,
        }
    }

    /// The device to compute on. Loads LibTorch's CUDA library first, unless the choice is the CPU.
    ///
    /// # Errors
    /// A GPU was chosen, but LibTorch's CUDA library cannot be loaded or there is no such GPU.
    pub fn resolve(self) -> Result<Device, DeviceError> {
        match self {
            Self::Cpu => Ok(Device::Cpu),
            Self::Auto if *load_cuda() == CudaLibrary::Loaded && gpu_count() > 0 => Ok(Device::Cuda(0)),
            Self::Auto => Ok(Device::Cpu),
            Self::Cuda(index) => match load_cuda() {
                CudaLibrary::NotFound { reason } => Err(DeviceError::NoCudaLibrary { reason: reason.clone() }),
                CudaLibrary::Broken { reason } => Err(DeviceError::BrokenCudaLibrary { reason: reason.clone() }),
                CudaLibrary::Loaded => match gpu_count() {
                    0 => Err(DeviceError::NoGpu),
                    count if index >= count => Err(DeviceError::NoSuchGpu { index, last: count - 1 }),
                    _ => Ok(Device::Cuda(index)),
                },
            },
        }
    }
}

fn gpu_count() -> usize {
    if !tch::Cuda::is_available() {
        return 0;
    }
    usize::try_from(tch::Cuda::device_count()).unwrap_or(0)
}

impl fmt::Display for DeviceChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Cpu => f.write_str("cpu"),
            Self::Cuda(index) => write!(f, "cuda:{index}"),
        }
    }
}

impl FromStr for DeviceChoice {
    type Err = ParseDeviceError;

    fn from_str(text: &str) -> Result<Self, ParseDeviceError> {
        let unknown = || ParseDeviceError { found: text.to_owned() };
        match text {
            "auto" => Ok(Self::Auto),
            "cpu" => Ok(Self::Cpu),
            "cuda" => Ok(Self::Cuda(0)),
            _ => {
                let number = text.strip_prefix("cuda:").ok_or_else(unknown)?;
                // `parse` alone would accept "+1".
                if !number.bytes().all(|b| b.is_ascii_digit()) {
                    return Err(unknown());
                }
                number.parse().map(Self::Cuda).map_err(|_| unknown())
            }
        }
    }
}

impl TryFrom<String> for DeviceChoice {
    type Error = ParseDeviceError;

    fn try_from(text: String) -> Result<Self, ParseDeviceError> {
        text.parse()
    }
}

impl From<DeviceChoice> for String {
    fn from(choice: DeviceChoice) -> Self {
        choice.to_string()
    }
}

/// An unknown device name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("device {found:?} is unknown: expected cpu, cuda, cuda:N (N from 0) or auto")]
pub struct ParseDeviceError {
    found: String,
}

/// Why the chosen GPU cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DeviceError {
    /// LibTorch's CUDA library is not on the library search path.
    #[error(
        "device cuda needs LibTorch's CUDA library, which was not found ({reason}): install it with `cargo xtask \
         setup --cuda` in align's folder, or put the torch/lib folder of torch 2.11.0's CUDA build first on \
         LD_LIBRARY_PATH; or choose device cpu"
    )]
    NoCudaLibrary {
        /// The dynamic loader's message.
        reason: String,
    },
    /// LibTorch's CUDA library exists but does not load.
    #[error(
        "device cuda needs LibTorch's CUDA library, which does not load ({reason}): install the CUDA build of torch 2.11.0 \
         with its nvidia packages, and put its torch/lib folder first on LD_LIBRARY_PATH, or choose device cpu"
    )]
    BrokenCudaLibrary {
        /// The dynamic loader's message.
        reason: String,
    },
    /// LibTorch finds no GPU.
    #[error(
        "device cuda needs an NVIDIA GPU, and LibTorch finds none: check the driver with nvidia-smi and the variable \
         CUDA_VISIBLE_DEVICES, or choose device cpu"
    )]
    NoGpu,
    /// There are fewer GPUs.
    #[error("there is no device cuda:{index}: the last one is cuda:{last}")]
    NoSuchGpu {
        /// The chosen number.
        index: usize,
        /// The highest number.
        last: usize,
    },
}
