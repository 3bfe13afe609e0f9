//! Which LibTorch the user asked for, by the variables that torch-sys reads.

use crate::failure::{Context, Failure};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The LibTorch that `.libtorch` is to be.
#[derive(Debug, PartialEq, Eq)]
pub enum RequestedTorch {
    /// The user has none: bring one.
    Download,
    /// The user's own.
    Existing {
        /// The variable that says so, for messages.
        variable: &'static str,
        /// The folder that holds `include/`.
        include_root: PathBuf,
        /// The folder that holds `lib/`.
        lib_root: PathBuf,
    },
}

impl RequestedTorch {
    /// Reads the variables in the order in which torch-sys does.
    ///
    /// Cargo sets LIBTORCH to the workspace's own `.libtorch` for what it runs, unless the user set it: that value is no
    /// request.
    pub fn from_env(variable: impl Fn(&str) -> Option<OsString>, own: &Path) -> Result<Self, Failure> {
        if variable("LIBTORCH_USE_PYTORCH").is_some() {
            let python = if variable("VIRTUAL_ENV").is_some() { "python" } else { "python3" };
            let torch = folder_of_pythons_torch(python)?;
            return Ok(Self::Existing {
                variable: "LIBTORCH_USE_PYTORCH",
                include_root: torch.clone(),
                lib_root: torch,
            });
        }
        let Some(libtorch) = variable("LIBTORCH").filter(|value| !is_own(value, own)) else {
            return Ok(Self::Download);
        };
        let libtorch = absolute(&libtorch, "LIBTORCH")?;
        let root = |name: &str| variable(name).map_or_else(|| Ok(libtorch.clone()), |folder| absolute(&folder, name));
        Ok(Self::Existing {
            variable: "LIBTORCH",
            include_root: root("LIBTORCH_INCLUDE")?,
            lib_root: root("LIBTORCH_LIB")?,
        })
    }
}

/// Whether this value of LIBTORCH is the workspace's own folder, by whatever name.
fn is_own(value: &OsStr, own: &Path) -> bool {
    let value = Path::new(value);
    let same = |a: &Path, b: &Path| a == b || matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b);
    // The folder may not be there yet: then its place is what counts.
    let same_place = value.file_name() == own.file_name()
        && matches!((value.parent(), own.parent()), (Some(a), Some(b)) if same(a, b));
    same_place || same(value, own)
}

fn absolute(folder: &OsStr, variable: &str) -> Result<PathBuf, Failure> {
    let folder = PathBuf::from(folder);
    if folder.is_absolute() {
        return Ok(folder);
    }
    let full = std::path::absolute(&folder).unwrap_or_else(|_| folder.clone());
    Err(Failure::new(format!(
        "{variable} is {:?}, a path that depends on the folder one stands in, and build scripts stand elsewhere: \
         set {variable}={}",
        folder.display().to_string(),
        full.display()
    )))
}

/// Asks Python where torch is, without the seconds that importing it takes.
fn folder_of_pythons_torch(python: &str) -> Result<PathBuf, Failure> {
    const QUESTION: &str = "\
import importlib.util
spec = importlib.util.find_spec('torch')
print(spec.submodule_search_locations[0] if spec and spec.submodule_search_locations else '')";
    let doing = || format!("LIBTORCH_USE_PYTORCH is set, but `{python}` cannot be asked where torch is");
    let output = Command::new(python).args(["-c", QUESTION]).output().context(doing)?;
    let folder = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if !output.status.success() {
        return Err(Failure::new(format!("{}: {}", doing(), String::from_utf8_lossy(&output.stderr).trim())));
    }
    if folder.is_empty() {
        return Err(Failure::new(format!(
            "LIBTORCH_USE_PYTORCH is set, but `{python}` has no torch: put the Python that has it first on PATH, \
             or unset the variable"
        )));
    }
    Ok(PathBuf::from(folder))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn request(variables: &[(&str, &str)], own: &str) -> Result<RequestedTorch, Failure> {
        let find = |name: &str| variables.iter().find(|(n, _)| *n == name).map(|(_, value)| OsString::from(value));
        RequestedTorch::from_env(find, Path::new(own))
    }

    fn existing(include: &str, lib: &str) -> RequestedTorch {
        RequestedTorch::Existing { variable: "LIBTORCH", include_root: include.into(), lib_root: lib.into() }
    }

    #[test]
    fn without_variables_it_is_downloaded() {
        assert_eq!(request(&[], "/work/.libtorch").unwrap(), RequestedTorch::Download);
    }

    #[test]
    fn what_cargo_sets_is_not_the_users() {
        let set_by_cargo = [("LIBTORCH", "/work/.libtorch")];
        assert_eq!(request(&set_by_cargo, "/work/.libtorch").unwrap(), RequestedTorch::Download);
    }

    #[test]
    fn a_link_to_the_workspace_is_the_workspace() {
        let folder = tempfile::tempdir().unwrap();
        let real = folder.path().join("real");
        let link = folder.path().join("link");
        std::fs::create_dir(&real).unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        assert!(is_own(link.join(".libtorch").as_os_str(), &real.join(".libtorch")));
        std::fs::create_dir(real.join(".libtorch")).unwrap();
        let alias = folder.path().join("torch");
        std::os::unix::fs::symlink(real.join(".libtorch"), &alias).unwrap();
        assert!(is_own(alias.as_os_str(), &real.join(".libtorch")));
        assert!(!is_own(real.as_os_str(), &real.join(".libtorch")));
    }

    #[test]
    fn the_users_folder_is_taken() {
        let requested = request(&[("LIBTORCH", "/opt/torch")], "/work/.libtorch").unwrap();
        assert_eq!(requested, existing("/opt/torch", "/opt/torch"));
        let apart = [("LIBTORCH", "/opt/torch"), ("LIBTORCH_INCLUDE", "/usr"), ("LIBTORCH_LIB", "/opt/t")];
        assert_eq!(request(&apart, "/work/.libtorch").unwrap(), existing("/usr", "/opt/t"));
        // Another checkout's folder is the user's choice too.
        let other = request(&[("LIBTORCH", "/other/.libtorch")], "/work/.libtorch").unwrap();
        assert_eq!(other, existing("/other/.libtorch", "/other/.libtorch"));
    }

    #[test]
    fn a_relative_folder_is_refused_with_the_absolute_one() {
        let failure = request(&[("LIBTORCH", "torch")], "/work/.libtorch").unwrap_err().to_string();
        let full = std::path::absolute("torch").unwrap();
        assert!(failure.contains(&format!("set LIBTORCH={}", full.display())), "{failure}");
    }
}
