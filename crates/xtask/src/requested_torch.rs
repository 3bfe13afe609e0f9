//! The LibTorch that the user requested, by options or by the environment variables that torch-sys reads.

use crate::compute_platform::RequestedPlatform;
use crate::failure::Failure;
use crate::python_torch;
use crate::setup_options::SetupOptions;
use crate::zip_source::ZipSource;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// The LibTorch to install in `.libtorch`.
#[derive(Debug, PartialEq, Eq)]
pub enum RequestedTorch {
    /// Download it.
    Download(RequestedPlatform),
    /// Unpack LibTorch's own zip.
    Zip(ZipSource),
    /// Link to an existing one.
    Existing(ExistingTorch),
}

/// A LibTorch that the user already has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExistingTorch {
    /// The variable that names it, or `Python`, for messages.
    pub named_by: &'static str,
    /// The folder that contains `include/`.
    pub include_root: PathBuf,
    /// The folder that contains `lib/`.
    pub lib_root: PathBuf,
}

impl RequestedTorch {
    /// Reads the variables in the same order as torch-sys.
    ///
    /// Cargo sets LIBTORCH to the workspace's own `.libtorch` unless the user set it, so that value is not a request.
    pub fn new(
        options: &SetupOptions,
        variable: impl Fn(&str) -> Option<OsString>,
        own: &Path,
    ) -> Result<Self, Failure> {
        match (Self::from_env(variable, own)?, &options.from) {
            (None, Some(source)) => Ok(Self::Zip(source.clone())),
            (None, None) => Ok(Self::Download(options.platform)),
            (Some(existing), _) if *options != SetupOptions::default() => Err(Failure::new(format!(
                "{} is set, so that LibTorch is used, and --cpu, --cuda and --from have no effect",
                existing.named_by
            ))
            .remedy(format!("Leave the option out, or unset {}.", existing.named_by))),
            (Some(existing), _) => Ok(Self::Existing(existing)),
        }
    }

    fn from_env(variable: impl Fn(&str) -> Option<OsString>, own: &Path) -> Result<Option<ExistingTorch>, Failure> {
        if variable("LIBTORCH_USE_PYTORCH").is_some() {
            let python = python_torch::python(&variable);
            let torch = python_torch::folder(python)?.ok_or_else(|| {
                Failure::new(format!("LIBTORCH_USE_PYTORCH is set, but `{python}` has no torch")).remedy(
                    "Put the Python with torch first on PATH (activate its environment), or unset the variable.",
                )
            })?;
            return Ok(Some(ExistingTorch::in_one_folder("LIBTORCH_USE_PYTORCH", torch)));
        }
        let Some(libtorch) = variable("LIBTORCH").filter(|value| !is_workspace_libtorch(value, own)) else {
            return Ok(None);
        };
        let libtorch = absolute(&libtorch, "LIBTORCH")?;
        let root = |name: &str| variable(name).map_or_else(|| Ok(libtorch.clone()), |folder| absolute(&folder, name));
        Ok(Some(ExistingTorch {
            named_by: "LIBTORCH",
            include_root: root("LIBTORCH_INCLUDE")?,
            lib_root: root("LIBTORCH_LIB")?,
        }))
    }
}

impl ExistingTorch {
    /// A LibTorch with `include/` and `lib/` in one folder.
    pub fn in_one_folder(named_by: &'static str, root: PathBuf) -> Self {
        Self { named_by, include_root: root.clone(), lib_root: root }
    }

    /// The source in the marker.
    pub fn source(&self) -> String {
        let (include, lib) = (self.include_root.display(), self.lib_root.display());
        if self.include_root == self.lib_root { lib.to_string() } else { format!("include of {include}, lib of {lib}") }
    }
}

/// Whether this value of LIBTORCH refers to the workspace's own folder.
fn is_workspace_libtorch(value: &OsStr, own: &Path) -> bool {
    let value = Path::new(value);
    let same = |a: &Path, b: &Path| a == b || matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b);
    // The folder may not exist yet, so its parent is compared too.
    let same_location = value.file_name() == own.file_name()
        && matches!((value.parent(), own.parent()), (Some(a), Some(b)) if same(a, b));
    same_location || same(value, own)
}

fn absolute(folder: &OsStr, variable: &str) -> Result<PathBuf, Failure> {
    let folder = PathBuf::from(folder);
    if folder.is_absolute() {
        return Ok(folder);
    }
    let full = std::path::absolute(&folder).unwrap_or_else(|_| folder.clone());
    Err(Failure::new(format!(
        "{variable} is {:?}, a relative path, but build scripts run in other folders: set {variable}={}",
        folder.display().to_string(),
        full.display()
    )))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::compute_platform::ComputePlatform;

    const DOWNLOAD: RequestedTorch = RequestedTorch::Download(RequestedPlatform::Auto);

    fn request(variables: &[(&str, &str)], own: &str) -> Result<RequestedTorch, Failure> {
        request_with(&SetupOptions::default(), variables, own)
    }

    fn request_with(options: &SetupOptions, variables: &[(&str, &str)], own: &str) -> Result<RequestedTorch, Failure> {
        let find = |name: &str| variables.iter().find(|(n, _)| *n == name).map(|(_, value)| OsString::from(value));
        RequestedTorch::new(options, find, Path::new(own))
    }

    fn existing(include: &str, lib: &str) -> RequestedTorch {
        RequestedTorch::Existing(ExistingTorch {
            named_by: "LIBTORCH",
            include_root: include.into(),
            lib_root: lib.into(),
        })
    }

    #[test]
    fn options_cannot_be_combined_with_an_existing_libtorch() {
        let cuda = SetupOptions { platform: RequestedPlatform::Exactly(ComputePlatform::Cuda), from: None };
        assert_eq!(request_with(&cuda, &[], "/clone/.libtorch").unwrap(), RequestedTorch::Download(cuda.platform));
        let failure = request_with(&cuda, &[("LIBTORCH", "/opt/torch")], "/clone/.libtorch").unwrap_err().to_string();
        assert!(failure.contains("LIBTORCH is set") && failure.contains("unset LIBTORCH"), "{failure}");
    }

    #[test]
    fn without_variables_libtorch_is_downloaded() {
        assert_eq!(request(&[], "/clone/.libtorch").unwrap(), DOWNLOAD);
    }

    #[test]
    fn the_value_set_by_cargo_is_not_a_request() {
        let set_by_cargo = [("LIBTORCH", "/clone/.libtorch")];
        assert_eq!(request(&set_by_cargo, "/clone/.libtorch").unwrap(), DOWNLOAD);
    }

    #[test]
    fn links_to_the_workspaces_folder_are_recognised() {
        let folder = tempfile::tempdir().unwrap();
        let real = folder.path().join("real");
        let link = folder.path().join("link");
        std::fs::create_dir(&real).unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        assert!(is_workspace_libtorch(link.join(".libtorch").as_os_str(), &real.join(".libtorch")));
        std::fs::create_dir(real.join(".libtorch")).unwrap();
        let alias = folder.path().join("torch");
        std::os::unix::fs::symlink(real.join(".libtorch"), &alias).unwrap();
        assert!(is_workspace_libtorch(alias.as_os_str(), &real.join(".libtorch")));
        assert!(!is_workspace_libtorch(real.as_os_str(), &real.join(".libtorch")));
    }

    #[test]
    fn the_users_folder_is_used() {
        let requested = request(&[("LIBTORCH", "/opt/torch")], "/clone/.libtorch").unwrap();
        assert_eq!(requested, existing("/opt/torch", "/opt/torch"));
        let separate = [("LIBTORCH", "/opt/torch"), ("LIBTORCH_INCLUDE", "/usr"), ("LIBTORCH_LIB", "/opt/t")];
        assert_eq!(request(&separate, "/clone/.libtorch").unwrap(), existing("/usr", "/opt/t"));
        // The folder of another checkout is a valid choice too.
        let other = request(&[("LIBTORCH", "/other/.libtorch")], "/clone/.libtorch").unwrap();
        assert_eq!(other, existing("/other/.libtorch", "/other/.libtorch"));
    }

    #[test]
    fn a_relative_folder_is_rejected_and_the_absolute_one_suggested() {
        let failure = request(&[("LIBTORCH", "torch")], "/clone/.libtorch").unwrap_err().to_string();
        let full = std::path::absolute("torch").unwrap();
        assert!(failure.contains(&format!("set LIBTORCH={}", full.display())), "{failure}");
    }
}
