//! Which LibTorch the user asked for: by options, or by the variables that torch-sys reads.

use crate::failure::Failure;
use crate::parts::WantedParts;
use crate::pythons_torch;
use crate::setup_options::SetupOptions;
use crate::zip_source::ZipSource;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// The LibTorch that `.libtorch` is to be.
#[derive(Debug, PartialEq, Eq)]
pub enum RequestedTorch {
    /// The user has none: bring one.
    Download(WantedParts),
    /// Unpack LibTorch's own zip.
    Zip(ZipSource),
    /// The user's own.
    Existing(ExistingTorch),
}

/// A LibTorch that is there already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExistingTorch {
    /// The variable that names it, or where else it was found, for messages.
    pub named_by: &'static str,
    /// The folder that holds `include/`.
    pub include_root: PathBuf,
    /// The folder that holds `lib/`.
    pub lib_root: PathBuf,
}

impl RequestedTorch {
    /// Reads the variables in the order in which torch-sys does.
    ///
    /// Cargo sets LIBTORCH to the workspace's own `.libtorch` for what it runs, unless the user set it: that value is no
    /// request.
    pub fn new(
        options: &SetupOptions,
        variable: impl Fn(&str) -> Option<OsString>,
        own: &Path,
    ) -> Result<Self, Failure> {
        match (Self::from_env(variable, own)?, &options.from) {
            (None, Some(source)) => Ok(Self::Zip(source.clone())),
            (None, None) => Ok(Self::Download(options.parts)),
            (Some(existing), _) if *options != SetupOptions::default() => Err(Failure::new(format!(
                "{} is set, so LibTorch is not brought but used where it is, and --cpu, --cuda and --from have no say",
                existing.named_by
            ))
            .remedy(format!("Leave the option out, or unset {}.", existing.named_by))),
            (Some(existing), _) => Ok(Self::Existing(existing)),
        }
    }

    fn from_env(variable: impl Fn(&str) -> Option<OsString>, own: &Path) -> Result<Option<ExistingTorch>, Failure> {
        if variable("LIBTORCH_USE_PYTORCH").is_some() {
            let python = pythons_torch::python(&variable);
            let torch = pythons_torch::folder(python)?.ok_or_else(|| {
                Failure::new(format!("LIBTORCH_USE_PYTORCH is set, but `{python}` has no torch")).remedy(
                    "Put the Python that has it first on PATH (activate its environment), or unset the variable.",
                )
            })?;
            return Ok(Some(ExistingTorch::whole("LIBTORCH_USE_PYTORCH", torch)));
        }
        let Some(libtorch) = variable("LIBTORCH").filter(|value| !is_own(value, own)) else {
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
    /// One with all in one folder.
    pub fn whole(named_by: &'static str, root: PathBuf) -> Self {
        Self { named_by, include_root: root.clone(), lib_root: root }
    }

    /// How the marker names it.
    pub fn source(&self) -> String {
        let (include, lib) = (self.include_root.display(), self.lib_root.display());
        if self.include_root == self.lib_root { lib.to_string() } else { format!("include of {include}, lib of {lib}") }
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::parts::Parts;

    const BROUGHT: RequestedTorch = RequestedTorch::Download(WantedParts::Auto);

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
    fn options_say_what_is_brought_and_nothing_else() {
        let cuda = SetupOptions { parts: WantedParts::Exactly(Parts::Cuda), from: None };
        assert_eq!(request_with(&cuda, &[], "/work/.libtorch").unwrap(), RequestedTorch::Download(cuda.parts));
        let failure = request_with(&cuda, &[("LIBTORCH", "/opt/torch")], "/work/.libtorch").unwrap_err().to_string();
        assert!(failure.contains("LIBTORCH is set") && failure.contains("unset LIBTORCH"), "{failure}");
    }

    #[test]
    fn without_variables_it_is_downloaded() {
        assert_eq!(request(&[], "/work/.libtorch").unwrap(), BROUGHT);
    }

    #[test]
    fn what_cargo_sets_is_not_the_users() {
        let set_by_cargo = [("LIBTORCH", "/work/.libtorch")];
        assert_eq!(request(&set_by_cargo, "/work/.libtorch").unwrap(), BROUGHT);
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
