//! LibTorch's float32 matmul precision, set for a scope.

use std::ffi::c_int;
use std::sync::OnceLock;
use tch::{Device, Kind, Tensor};

/// Float32 products of this size err by about 1e-7, those of bfloat16 by 1e-3.
const EXACT: f64 = 2e-6;

unsafe extern "C" {
    fn align_torch_get_matmul_precision() -> c_int;
    fn align_torch_set_matmul_precision(precision: c_int) -> c_int;
}

/// How exactly LibTorch multiplies float32 matrices, as in `torch.set_float32_matmul_precision`.
///
/// On CPU `Medium` takes the oneDNN kernels, which can be twice as fast as the default. On a CPU with AMX they may
/// compute in bfloat16 inside; elsewhere they keep float32. On a GPU `High` and `Medium` allow TF32.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MatmulPrecision {
    /// Full float32, LibTorch's default.
    #[default]
    Highest,
    /// TF32, or a sum of bfloat16 products, where the hardware has it.
    High,
    /// bfloat16 inside where the hardware has it.
    Medium,
}

impl MatmulPrecision {
    /// The fastest setting that is as exact as float32 on `device`: [`Medium`](Self::Medium) on a CPU whose kernels keep
    /// float32 under it, else [`Highest`](Self::Highest).
    ///
    /// The CPU is asked by a small product, once a process, since a processor that computes in bfloat16 inside (AMX) does not
    /// say so.
    #[must_use]
    pub fn fastest_exact(device: Device) -> Self {
        static CPU: OnceLock<MatmulPrecision> = OnceLock::new();
        if device != Device::Cpu {
            return Self::Highest;
        }
        *CPU.get_or_init(|| match Self::Medium.relative_error() {
            Ok(error) if error < EXACT => Self::Medium,
            Ok(error) => {
                tracing::debug!(error, "matmul precision medium is not exact on this CPU");
                Self::Highest
            }
            Err(_) => Self::Highest,
        })
    }

    /// The error of a product under this setting against float64, relative to its size (Frobenius norms).
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

    /// The precision that this process uses now; `None` if LibTorch does not know one (other code mixed its old and
    /// new precision settings).
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

    /// Sets this precision until the guard is dropped, which brings back the one before.
    ///
    /// The setting belongs to the process, not to the thread: drop guards in the reverse order of their making, and do
    /// not let two threads hold guards that differ.
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
            tracing::warn!(precision = ?self, "LibTorch refused this matmul precision; the one before stays");
        }
    }
}

/// Restores the matmul precision when dropped; made by [`MatmulPrecision::set`].
#[derive(Debug)]
pub struct MatmulPrecisionGuard {
    previous: MatmulPrecision,
}

impl Drop for MatmulPrecisionGuard {
    fn drop(&mut self) {
        self.previous.apply();
    }
}
