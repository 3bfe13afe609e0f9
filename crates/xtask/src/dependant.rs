//! `cargo xtask dependant`: the README's "Depending on one crate", carried out in a folder outside the workspace.

use crate::cargo;
use crate::failure::{Context, Failure};
use crate::workspace::Workspace;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const MANIFEST: &str = include_str!("../../../tests/dependant/Cargo.toml.template");
const CONFIG: &str = include_str!("../../../tests/dependant/config.toml.template");
const MAIN: &str = include_str!("../../../tests/dependant/main.rs");

/// What the files above say for the folder of this workspace.
const PLACEHOLDER: &str = "/path/to/align";

/// What the program prints, by hand: the margins are 2 and 0, so the loss is (log(1 + e^-0.2) + log 2) / 2, and the
/// first chosen log-probability's gradient is -0.1 / (1 + e^0.2) / 2.
const PRINTED: &str = "loss 0.645643\ngradient -0.022508\n";

/// Builds and runs the dependant; it takes nothing from this workspace but what its files name.
pub fn check(workspace: &Workspace) -> Result<ExitCode, Failure> {
    let project = Project::create(workspace)?;
    eprintln!("align: building {} against align-losses", project.folder.display());
    let mut command = cargo::command(workspace);
    command.arg("run").current_dir(&project.folder).env("CARGO_TARGET_DIR", target_folder()?);
    // Flags of the environment would replace those of its own configuration.
    for name in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_RUSTFLAGS"] {
        command.env_remove(name);
    }
    let output = command.stderr(std::process::Stdio::inherit()).output().context(|| "cannot run cargo".to_owned())?;
    let printed = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        return Err(Failure::new(format!("the dependant did not build or run ({})", output.status)));
    }
    if printed != PRINTED {
        return Err(Failure::new(format!("the dependant printed {printed:?}, expected {PRINTED:?}")));
    }
    eprintln!("align: the dependant built, ran and printed what it should");
    Ok(ExitCode::SUCCESS)
}

/// A folder beside this program's own, so that a second run builds only what changed.
fn target_folder() -> Result<PathBuf, Failure> {
    let program = env::current_exe().context(|| "cannot find this program's file".to_owned())?;
    let target = program.parent().and_then(Path::parent).unwrap_or(&program);
    Ok(target.join("dependant"))
}

/// A project in a temporary folder, removed when dropped.
struct Project {
    folder: PathBuf,
}

impl Project {
    fn create(workspace: &Workspace) -> Result<Self, Failure> {
        let folder = env::temp_dir().join(format!("align-dependant-{}", std::process::id()));
        let root = path_in_toml(&workspace.root)?;
        let project = Self { folder };
        for (name, text) in [("Cargo.toml", MANIFEST), (".cargo/config.toml", CONFIG), ("src/main.rs", MAIN)] {
            let file = project.folder.join(name);
            let parent = file.parent().unwrap_or(&project.folder);
            fs::create_dir_all(parent).context(|| format!("cannot create {}", parent.display()))?;
            fs::write(&file, text.replace(PLACEHOLDER, &root))
                .context(|| format!("cannot write {}", file.display()))?;
        }
        Ok(project)
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.folder).ok();
    }
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

    /// The README and the project that is built say the same, to the letter.
    #[test]
    fn the_readme_shows_these_files() {
        let readme = include_str!("../../../README.md");
        for text in [MANIFEST.split_once("[dependencies]").unwrap().1, CONFIG, MAIN] {
            assert!(readme.contains(text.trim_end()), "the README lacks:\n{text}");
        }
        assert!(readme.contains(PRINTED.trim_end()), "the README lacks what the program prints");
    }

    #[test]
    fn paths_that_toml_or_the_linker_would_misread_are_refused() {
        assert_eq!(path_in_toml(Path::new("/a b/align")).unwrap(), "/a b/align");
        for path in ["/a\"b", "/a\\b", "/a,b", "/a\nb", "/a:b"] {
            assert!(path_in_toml(Path::new(path)).is_err(), "{path}");
        }
    }
}
