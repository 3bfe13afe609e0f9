//! A directory of packages that stands for crates.io: the crates' own, and all that they depend on.

use super::command::run;
use crate::failure::{Context, Failure};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A directory source.
pub struct DirectorySource {
    /// The folder, with a folder for each package.
    pub folder: PathBuf,
    /// The lines of a cargo configuration that replace crates.io by it.
    pub config: String,
    /// A file with these lines.
    pub config_file: PathBuf,
}

impl DirectorySource {
    /// Replaces the folder by one with the dependencies, which `cargo` collects, and the `.crate` files in `packages`.
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
        let path = crate::downstream::path_in_toml(folder)?;
        let config = format!(
            "\n[source.crates-io]\nreplace-with = \"packages\"\n\n[source.packages]\ndirectory = \"{path}\"\n\n[net]\noffline = true\n"
        );
        let config_file = folder.with_extension("toml");
        fs::write(&config_file, &config).context(creating)?;
        Ok(Self { folder: folder.to_owned(), config, config_file })
    }
}
