//! The torch that Python has.

use crate::failure::{Context, Failure};
use crate::libtorch_check;
use crate::parts::Parts;
use std::env;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

/// The Python that torch-sys would ask.
pub fn python(variable: impl Fn(&str) -> Option<OsString>) -> &'static str {
    if variable("VIRTUAL_ENV").is_some() { "python" } else { "python3" }
}

/// Asks Python where torch is, without the seconds that importing it takes; `None` if it has none.
pub fn folder(python: &str) -> Result<Option<PathBuf>, Failure> {
    const QUESTION: &str = "\
import importlib.util
spec = importlib.util.find_spec('torch')
print(spec.submodule_search_locations[0] if spec and spec.submodule_search_locations else '')";
    let doing = || format!("`{python}` cannot be asked where its torch is");
    let output = Command::new(python).args(["-c", QUESTION]).output().context(doing)?;
    if !output.status.success() {
        return Err(Failure::new(format!("{}: {}", doing(), String::from_utf8_lossy(&output.stderr).trim())));
    }
    let folder = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    Ok((!folder.is_empty()).then(|| PathBuf::from(folder)))
}

/// The folder of Python's torch where it would serve a GPU: whole, of our version, with its CUDA half.
pub fn with_cuda() -> Option<PathBuf> {
    let torch = folder(python(|name| env::var_os(name))).ok()??;
    let serves = libtorch_check::check(&torch, &torch, false).is_ok() && Parts::of(&torch) == Parts::Cuda;
    serves.then_some(torch)
}
