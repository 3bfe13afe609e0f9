//! Where the workspace's folders are.

use crate::failure::{Context, Failure};
use std::env;
use std::path::{Path, PathBuf};

/// The folders that the commands work with.
#[derive(Debug)]
pub struct Workspace {
    /// The folder of the workspace's Cargo.toml.
    pub root: PathBuf,
    /// Where LibTorch is put, and where `.cargo/config.toml` looks for it.
    pub libtorch: PathBuf,
    /// What an unfinished set-up leaves, and the lock that keeps two of them apart.
    pub scratch: PathBuf,
}

impl Workspace {
    /// The workspace that this program was run from.
    pub fn find() -> Result<Self, Failure> {
        // Cargo sets the variable when it runs us; the folder of the build serves a program started by hand.
        let package = env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
        let root = Path::new(&package).join("../..");
        let root = root.canonicalize().context(|| format!("cannot find the workspace at {}", root.display()))?;
        Ok(Self::at(root))
    }

    pub fn at(root: PathBuf) -> Self {
        Self { libtorch: root.join(".libtorch"), scratch: root.join(".libtorch-setup"), root }
    }
}
