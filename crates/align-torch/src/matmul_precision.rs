//! LibTorch's float32 matmul precision, set for a scope.

use std::ffi::c_int;
use std::sync::OnceLock;
use tch::{Device, Kind, Tensor};

/// Largest relative error of a product in float32. Float32 products of this size have errors of about 1e-7, bfloat16 products of 1e-3.
const MAX_EXACT_ERROR: f64 = 2e-6;

unsafe extern "C" {
    fn align_torch_get_matmul_precision() -> c_int;
    fn align_torch_set_matmul_precision(precision: c_int) -> c_int;
}

/// The precision of float32 matrix products in LibTorch, as in `torch.set_float32_matmul_precision`.
///
/// On a CPU `Medium` uses oneDNN kernels, which can be twice as fast as the default. On a CPU with AMX they may compute in bfloat16
/// internally; on others they compute in float32. [`flash_attention`](crate::flash_attention) always computes in float32. On a GPU `High`
/// and `Medium` allow TF32.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MatmulPrecision {
    /// Full float32, LibTorch's default.
    #[default]
    Highest,
    /// TF32 or a sum of bfloat16 products, if the hardware supports it.
    High,
    /// bfloat16 internally, if the hardware supports it.
    Medium,
}

impl MatmulPrecision {
    /// The fastest setting with the accuracy of float32 on `device`: [`Medium`](Self::Medium) on a CPU where it computes in float32, else
    /// [`Highest`](Self::Highest).
    ///
    /// Whether the CPU computes in bfloat16 internally (AMX) is measured with a small product, once per process.
    #[must_use]
    pub fn fastest_exact(device: Device) -> Self {
        static CPU: OnceLock<MatmulPrecision> = OnceLock::new();
        if device != Device::Cpu {
            return Self::Highest;
        }
        *CPU.get_or_init(|| match Self::Medium.relative_error() {
            Ok(error) if error < MAX_EXACT_ERROR => Self::Medium,
            Ok(error) => {
                tracing::debug!(error, "matmul precision medium is not exact on this CPU");
                Self::Highest
            }
            Err(_) => Self::Highest,
        })
    }

    /// The error of a product under this setting relative to float64 (Frobenius norms).
    fn relative_error(self) -> Result<f64, tch::TchError> {
        tch::no_grad(|| {
            let numbers = |rows: i64, columns: i64| {
                let steps = Tensor::f_arange(rows * columns, (Kind::Double, Device::Cpu))?;
                steps.f_mul_scalar(0.37)?.f_sin()?.f_view([rows, columns])
            };
            let (a, b) = (numbers(64, 512)?, numbers(512, 64)?);
            let narrow = |x: &Tensor| x.f_to_kind(Kind::Float);
            let (x, y) = (narrow(&a)?, narrow(&b)?);
            let exact = x.f_to_kind(Kind::Double)?.f_mm(&y.f_to_kind(Kind::Double)?)?;
            let found = {
                let _precision = self.set();
                x.f_mm(&y)?.f_to_kind(Kind::Double)?
            };
            found.f_sub(&exact)?.f_norm()?.f_div(&exact.f_norm()?)?.f_double_value(&[])
        })
    }

    /// The current setting of the process; `None` if LibTorch reports an error, because other code mixed its old and new precision
    /// settings.
    #[must_use]
    pub fn current() -> Option<Self> {
        // SAFETY: the function takes nothing, reads LibTorch's global settings, and lets no C++ exception out.
        match unsafe { align_torch_get_matmul_precision() } {
            0 => Some(Self::Highest),
            1 => Some(Self::High),
            2 => Some(Self::Medium),
            _ => None,
        }
    }

    /// Sets this precision until the guard is dropped, which restores the previous one.
    ///
    /// The setting is process-wide: drop guards in reverse order of their creation, and do not use different guards in two threads at the
    /// same time.
    #[must_use = "the precision is restored as soon as the guard is dropped"]
    pub fn set(self) -> MatmulPrecisionGuard {
        let previous = Self::current();
        self.apply();
        MatmulPrecisionGuard { previous: previous.unwrap_or_default() }
    }

    fn apply(self) {
        let code = match self {
            Self::Highest => 0,
            Self::High => 1,
            Self::Medium => 2,
        };
        // SAFETY: the function takes a plain number, checks it, and lets no C++ exception out.
        let status = unsafe { align_torch_set_matmul_precision(code) };
        if status != 0 {
            tracing::warn!(precision = ?self, "LibTorch rejected this matmul precision; it is unchanged");
        }
    }
}

/// Restores the matmul precision when dropped; returned by [`MatmulPrecision::set`].
#[derive(Debug)]
pub struct MatmulPrecisionGuard {
    previous: MatmulPrecision,
}

impl Drop for MatmulPrecisionGuard {
    fn drop(&mut self) {
        self.previous.apply();
    }
}
