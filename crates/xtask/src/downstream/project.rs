//! A project outside the workspace.

use crate::cargo;
use crate::failure::{Context, Failure};
use crate::workspace::Workspace;
use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

pub const CONFIG: &str = include_str!("../../../../tests/downstream/config.toml.template");

/// The text in the files that stands for the path of this workspace.
const PLACEHOLDER: &str = "/path/to/align";

/// A project in a temporary folder, removed when dropped.
pub struct Project {
    pub folder: PathBuf,
}

impl Project {
    /// Creates a project with this manifest and main.rs, a cargo configuration and a lock file.
    pub fn create(workspace: &Workspace, name: &str, manifest: &str, main: &str) -> Result<Self, Failure> {
        let folder = env::temp_dir().join(format!("align-downstream-{name}-{}", std::process::id()));
        let root = path_in_toml(&workspace.root)?;
        let project = Self { folder };
        for (name, text) in [("Cargo.toml", manifest), (".cargo/config.toml", CONFIG), ("src/main.rs", main)] {
            let file = project.folder.join(name);
            let parent = file.parent().unwrap_or(&project.folder);
            fs::create_dir_all(parent).context(|| format!("cannot create {}", parent.display()))?;
            fs::write(&file, text.replace(PLACEHOLDER, &root))
                .context(|| format!("cannot write {}", file.display()))?;
        }
        // With the workspace's lock file, no other versions are downloaded.
        let lock = workspace.root.join("Cargo.lock");
        fs::copy(&lock, project.folder.join("Cargo.lock")).context(|| format!("cannot copy {}", lock.display()))?;
        Ok(project)
    }

    /// Builds and runs the project's program in its folder, and returns its output. `config` is a file with further cargo
    /// configuration.
    pub fn run(&self, workspace: &Workspace, config: Option<&Path>) -> Result<String, Failure> {
        eprintln!("align: building {}", self.folder.display());
        let mut command = cargo::command(workspace);
        command.arg("run").args(config.into_iter().flat_map(|file| [OsStr::new("--config"), file.as_os_str()]));
        command.current_dir(&self.folder).env("CARGO_TARGET_DIR", cargo::target_folder("downstream")?);
        // Flags in the environment would replace those in the project's own configuration.
        for name in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_RUSTFLAGS"] {
            command.env_remove(name);
        }
        let output = command.stderr(Stdio::inherit()).output().context(|| "cannot run cargo".to_owned())?;
        if !output.status.success() {
            return Err(Failure::new(format!(
                "the project in {} could not be built or run ({})",
                self.folder.display(),
                output.status
            )));
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.folder).ok();
    }
}

/// The path as text that is valid inside a TOML string and inside a linker argument, which must not contain commas.
pub fn path_in_toml(path: &Path) -> Result<String, Failure> {
    let text = path.to_str().filter(|text| !text.contains(['"', '\\', ',', ':']) && !text.contains(char::is_control));
    text.map(str::to_owned).ok_or_else(|| {
        Failure::new(format!("{} cannot be written into cargo's configuration: move the workspace", path.display()))
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn paths_with_special_characters_are_rejected() {
        assert_eq!(path_in_toml(Path::new("/a b/align")).unwrap(), "/a b/align");
        for path in ["/a\"b", "/a\\b", "/a,b", "/a\nb", "/a:b"] {
            assert!(path_in_toml(Path::new(path)).is_err(), "{path}");
        }
    }
}
