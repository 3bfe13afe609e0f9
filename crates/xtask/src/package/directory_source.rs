//! A directory source that replaces crates.io: the packages of the crates and of all their dependencies.

use super::command::run;
use crate::downstream::path_in_toml;
use crate::failure::{Context, Failure};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A directory source, and the configuration that makes cargo use it.
pub struct DirectorySource {
    /// The folder, with a folder for each package.
    pub folder: PathBuf,
    /// A cargo configuration file that replaces crates.io by the folder.
    pub config: PathBuf,
}

impl DirectorySource {
    /// Replaces the folder by one with the dependencies, which `cargo vendor` collects, and the `.crate` files in `packages`.
    pub fn create(folder: &Path, mut cargo: Command, packages: &Path) -> Result<Self, Failure> {
        let creating = || format!("cannot create {}", folder.display());
        if folder.exists() {
            fs::remove_dir_all(folder).context(creating)?;
        }
        run(cargo.args(["vendor", "--quiet", "--versioned-dirs"]).arg(folder).stdout(Stdio::null()))?;
        for entry in fs::read_dir(packages).context(|| format!("cannot list {}", packages.display()))? {
            let package = entry.context(creating)?.path();
            if package.extension().is_some_and(|extension| extension == "crate") {
                run(Command::new("tar").arg("-xzf").arg(&package).arg("-C").arg(folder))?;
                let unpacked = folder.join(package.file_stem().unwrap_or_default());
                // An empty list of checksums: nothing was downloaded that could be damaged.
                fs::write(unpacked.join(".cargo-checksum.json"), "{\"files\":{}}").context(creating)?;
            }
        }
        let path = path_in_toml(folder)?;
        let replacement = format!(
            "[source.crates-io]\nreplace-with = \"packages\"\n\n[source.packages]\ndirectory = \"{path}\"\n\n[net]\noffline = true\n"
        );
        let config = folder.with_extension("toml");
        fs::write(&config, replacement).context(creating)?;
        Ok(Self { folder: folder.to_owned(), config })
    }
}
