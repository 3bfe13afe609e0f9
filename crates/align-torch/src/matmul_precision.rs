//! LibTorch's float32 matmul precision, set for a scope.

use std::ffi::c_int;

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
