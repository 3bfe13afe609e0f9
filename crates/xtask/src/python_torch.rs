//! The torch package of Python.

use crate::compute_platform::ComputePlatform;
use crate::failure::{Context, Failure};
use crate::libtorch_check;
use std::env;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

/// The Python that torch-sys would use.
pub fn python(variable: impl Fn(&str) -> Option<OsString>) -> &'static str {
    if variable("VIRTUAL_ENV").is_some() { "python" } else { "python3" }
}

/// The folder of Python's torch, or `None` if it has none. torch is not imported, since that takes seconds.
pub fn folder(python: &str) -> Result<Option<PathBuf>, Failure> {
    const SCRIPT: &str = "\
import importlib.util
spec = importlib.util.find_spec('torch')
print(spec.submodule_search_locations[0] if spec and spec.submodule_search_locations else '')";
    let doing = || format!("cannot find the torch of `{python}`");
    let output = Command::new(python).args(["-c", SCRIPT]).output().context(doing)?;
    if !output.status.success() {
        return Err(Failure::new(format!("{}: {}", doing(), String::from_utf8_lossy(&output.stderr).trim())));
    }
    let folder = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    Ok((!folder.is_empty()).then(|| PathBuf::from(folder)))
}

/// The folder of Python's torch if it is complete, has the right version, and includes CUDA.
pub fn with_cuda() -> Option<PathBuf> {
    let torch = folder(python(|name| env::var_os(name))).ok()??;
    let is_usable = libtorch_check::check(&torch, &torch, false).is_ok()
        && ComputePlatform::of_folder(&torch) == ComputePlatform::Cuda;
    is_usable.then_some(torch)
}
