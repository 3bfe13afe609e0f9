//! A copy of the crates in which `publish` is true: cargo checks only such crates against each other.

use crate::copy_folder::copy_folder;
use crate::failure::{Context, Failure};
use crate::workspace::Workspace;
use std::fs;
use std::path::{Path, PathBuf};

/// A workspace of the crates that are meant to be published.
pub struct PublishableCopy {
    pub folder: PathBuf,
}

impl PublishableCopy {
    /// Replaces the folder by a copy of the workspace's crates.
    pub fn create(workspace: &Workspace, folder: &Path) -> Result<Self, Failure> {
        let copying = || format!("cannot copy the crates to {}", folder.display());
        if folder.exists() {
            fs::remove_dir_all(folder).context(copying)?;
        }
        fs::create_dir_all(folder).context(copying)?;
        let manifest = workspace.root.join("Cargo.toml");
        let text = fs::read_to_string(&manifest).context(|| format!("cannot read {}", manifest.display()))?;
        let text = publishable(&text).ok_or_else(|| {
            Failure::new(format!("{} lacks `members`, `publish = false` or its package", manifest.display()))
        })?;
        fs::write(folder.join("Cargo.toml"), text).context(copying)?;
        fs::copy(workspace.root.join("Cargo.lock"), folder.join("Cargo.lock")).context(copying)?;
        for entry in fs::read_dir(workspace.root.join("crates")).context(copying)? {
            let entry = entry.context(copying)?;
            if entry.file_name() != "xtask" {
                copy_folder(&entry.path(), &folder.join("crates").join(entry.file_name())).context(copying)?;
            }
        }
        Ok(Self { folder: folder.to_owned() })
    }
}

/// The workspace's part of a root manifest, with the crates alone as members, and with publishing allowed.
fn publishable(manifest: &str) -> Option<String> {
    let (workspace, _) = manifest.split_once("\n[package]\n")?;
    let mut lines: Vec<&str> = workspace.lines().filter(|line| !line.starts_with("default-members")).collect();
    for (found, replacement) in [("members = ", "members = [\"crates/*\"]"), ("publish = false", "publish = true")] {
        let line = lines.iter_mut().find(|line| line.starts_with(found))?;
        *line = replacement;
    }
    Some(lines.join("\n") + "\n")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn the_copy_has_the_crates_alone_and_may_be_published() {
        let manifest = include_str!("../../../../Cargo.toml");
        let copy = publishable(manifest).unwrap();
        assert!(copy.contains("\nmembers = [\"crates/*\"]\n") && copy.contains("\npublish = true\n"), "{copy}");
        assert!(!copy.contains("default-members") && !copy.contains("[package]"), "{copy}");
        assert!(copy.contains("[workspace.dependencies]") && copy.contains("[workspace.lints.clippy]"), "{copy}");
        assert_eq!(publishable("[workspace]\nmembers = []\n"), None);
    }
}
