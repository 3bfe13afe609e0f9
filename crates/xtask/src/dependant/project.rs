//! A project outside the workspace.

use crate::cargo;
use crate::failure::{Context, Failure};
use crate::workspace::Workspace;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

pub const CONFIG: &str = include_str!("../../../../tests/dependant/config.toml.template");

/// What the files say for the folder of this workspace.
const PLACEHOLDER: &str = "/path/to/align";

/// A project in a temporary folder, removed when dropped.
pub struct Project {
    pub folder: PathBuf,
}

impl Project {
    /// A project of these two files, and of those that any project needs.
    pub fn create(workspace: &Workspace, name: &str, manifest: &str, main: &str) -> Result<Self, Failure> {
        let folder = env::temp_dir().join(format!("align-dependant-{name}-{}", std::process::id()));
        let root = path_in_toml(&workspace.root)?;
        let project = Self { folder };
        for (name, text) in [("Cargo.toml", manifest), (".cargo/config.toml", CONFIG), ("src/main.rs", main)] {
            let file = project.folder.join(name);
            let parent = file.parent().unwrap_or(&project.folder);
            fs::create_dir_all(parent).context(|| format!("cannot create {}", parent.display()))?;
            fs::write(&file, text.replace(PLACEHOLDER, &root))
                .context(|| format!("cannot write {}", file.display()))?;
        }
        // The workspace's versions: what is built there need not be downloaded again.
        let lock = workspace.root.join("Cargo.lock");
        fs::copy(&lock, project.folder.join("Cargo.lock")).context(|| format!("cannot copy {}", lock.display()))?;
        Ok(project)
    }

    /// Builds and runs the project's program in its folder, and gives what it prints.
    pub fn run(&self, workspace: &Workspace) -> Result<String, Failure> {
        eprintln!("align: building {}", self.folder.display());
        let mut command = cargo::command(workspace);
        command.arg("run").current_dir(&self.folder).env("CARGO_TARGET_DIR", target_folder()?);
        // Flags of the environment would replace those of its own configuration.
        for name in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_RUSTFLAGS"] {
            command.env_remove(name);
        }
        let output = command.stderr(Stdio::inherit()).output().context(|| "cannot run cargo".to_owned())?;
        if !output.status.success() {
            return Err(Failure::new(format!("the dependant did not build or run ({})", output.status)));
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.folder).ok();
    }
}

/// A folder beside this program's own, so that a second run builds only what changed.
fn target_folder() -> Result<PathBuf, Failure> {
    let program = env::current_exe().context(|| "cannot find this program's file".to_owned())?;
    let target = program.parent().and_then(Path::parent).unwrap_or(&program);
    Ok(target.join("dependant"))
}

/// The path as it stands between the quotes of a TOML string, and in a linker argument, where a comma would part it.
fn path_in_toml(path: &Path) -> Result<String, Failure> {
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
    fn paths_that_toml_or_the_linker_would_misread_are_refused() {
        assert_eq!(path_in_toml(Path::new("/a b/align")).unwrap(), "/a b/align");
        for path in ["/a\"b", "/a\\b", "/a,b", "/a\nb", "/a:b"] {
            assert!(path_in_toml(Path::new(path)).is_err(), "{path}");
        }
    }
}
