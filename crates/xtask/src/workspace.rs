//! The paths of the workspace's folders.

use crate::failure::{Context, Failure};
use std::env;
use std::path::{Path, PathBuf};

/// The folders that the commands work with.
#[derive(Debug)]
pub struct Workspace {
    /// The folder of the workspace's Cargo.toml.
    pub root: PathBuf,
    /// The folder of LibTorch, as in `.cargo/config.toml`.
    pub libtorch: PathBuf,
    /// The folder with the lock and the temporary files of setups.
    pub setup_folder: PathBuf,
}

impl Workspace {
    /// The workspace of this program.
    pub fn find() -> Result<Self, Failure> {
        // Cargo sets the variable when it runs xtask. Otherwise the folder at build time is used.
        let package = env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
        let root = Path::new(&package).join("../..");
        let root = root.canonicalize().context(|| format!("cannot find the workspace at {}", root.display()))?;
        Ok(Self::at(root))
    }

    pub fn at(root: PathBuf) -> Self {
        Self { libtorch: root.join(".libtorch"), setup_folder: root.join(".libtorch-setup"), root }
    }
}
