//! Loads LibTorch's CUDA library at run time, so that the same program runs on machines with and without a GPU.

use std::ffi::{CStr, CString};
use std::sync::OnceLock;

const LIBRARY: &CStr = c"libtorch_cuda.so";

/// The result of loading `libtorch_cuda.so`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CudaLibrary {
    /// It is loaded. LibTorch can use a GPU, if there is one.
    Loaded,
    /// It is not on the library search path: this LibTorch supports only the CPU.
    NotFound {
        /// The dynamic loader's message.
        reason: String,
    },
    /// It exists but does not load: it has another version, or a library that it needs is missing.
    Broken {
        /// The dynamic loader's message.
        reason: String,
    },
}

/// Loads LibTorch's CUDA library once per process, and returns the result.
///
/// Call it before any other use of CUDA, including [`tch::Cuda::is_available`]: LibTorch looks for its CUDA library at the first use and
/// caches the result. [`DeviceChoice::resolve`](crate::DeviceChoice::resolve) calls it. The library is found next to LibTorch's CPU
/// library (`cargo xtask setup --cuda` puts both into `.libtorch/lib`), or if `torch/lib` of a CUDA build of the same version is first on
/// `LD_LIBRARY_PATH`, with the libraries of its `nvidia-*` packages where pip installs them.
pub fn load_cuda() -> &'static CudaLibrary {
    static LOADED: OnceLock<CudaLibrary> = OnceLock::new();
    LOADED.get_or_init(|| {
        let library = match open(LIBRARY) {
            Ok(()) => CudaLibrary::Loaded,
            Err(reason) if is_absent(&reason, LIBRARY) => CudaLibrary::NotFound { reason },
            Err(reason) => CudaLibrary::Broken { reason },
        };
        match &library {
            CudaLibrary::Broken { reason } => tracing::warn!(%reason, "libtorch_cuda.so exists but does not load"),
            other => tracing::debug!(library = ?other, "looked for libtorch_cuda.so"),
        }
        library
    })
}

fn open(library: &CStr) -> Result<(), String> {
    // SAFETY: the name is a C string that outlives the call. Loading runs the initialisers of a library, which is what
    // this function is for; those of libtorch_cuda.so register LibTorch's CUDA backend and expect nothing of us. The
    // handle is never closed, so no code or data of it goes away.
    let handle = unsafe { libc::dlopen(library.as_ptr(), libc::RTLD_NOW | libc::RTLD_GLOBAL) };
    if !handle.is_null() {
        return Ok(());
    }
    // SAFETY: dlerror takes nothing and returns null or a C string of this thread that lives until its next call of the
    // dl functions; it is copied at once.
    let reason = unsafe {
        let text = libc::dlerror();
        if text.is_null() { CString::default() } else { CStr::from_ptr(text).to_owned() }
    };
    Err(reason.to_string_lossy().into_owned())
}

/// Whether the loader's message means that this library itself is missing, rather than one that it needs.
fn is_absent(reason: &str, library: &CStr) -> bool {
    let name = library.to_string_lossy();
    reason.strip_prefix(&*name).is_some_and(|rest| rest.starts_with(": cannot open shared object file"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn a_library_of_the_system_opens() {
        assert_eq!(open(c"libc.so.6"), Ok(()));
    }

    #[test]
    fn a_missing_library_is_distinguished_from_a_broken_one() {
        let name = c"libalign_no_such_library.so";
        let reason = open(name).unwrap_err();
        assert!(is_absent(&reason, name), "{reason}");

        let file = std::env::temp_dir().join(format!("align-torch-broken-{}.so", std::process::id()));
        std::fs::write(&file, "not a library").unwrap();
        let name = CString::new(file.to_str().unwrap()).unwrap();
        let reason = open(&name).unwrap_err();
        std::fs::remove_file(&file).unwrap();
        assert!(!is_absent(&reason, &name), "{reason}");
    }

    #[test]
    fn a_missing_dependency_does_not_count_as_absence() {
        let reason = "libcudnn.so.9: cannot open shared object file: No such file or directory";
        assert!(!is_absent(reason, LIBRARY));
    }

    #[test]
    fn the_result_is_cached() {
        assert!(std::ptr::eq(load_cuda(), load_cuda()));
    }
}
