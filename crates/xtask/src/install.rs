//! Replaces `.libtorch` with the finished staging folder.

use crate::disk::OnDisk;
use crate::failure::{Context, Failure};
use std::fs::{self, File};
use std::path::Path;
use std::process::Command;

/// Renames the staging folder to `target`. An existing target is moved to `replaced` first, which is deleted with the work folder.
pub fn replace(target: &Path, staging: &Path, replaced: &Path) -> Result<(), Failure> {
    let exists = target.symlink_metadata().is_ok();
    if exists {
        fs::rename(target, replaced).on_disk(|| format!("cannot move {} away", target.display()))?;
    }
    if let Err(error) = fs::rename(staging, target) {
        if exists {
            fs::rename(replaced, target).ok();
        }
        return Err(error).on_disk(|| format!("cannot replace {}", target.display()));
    }
    let parent = target.parent().unwrap_or(target);
    File::open(parent).and_then(|folder| folder.sync_all()).on_disk(|| format!("cannot flush {}", parent.display()))
}

/// Flushes the whole file system to the disk. Flushing thousands of headers one by one would take minutes on a slow disk.
pub fn flush(folder: &Path) -> Result<(), Failure> {
    let synced = |arguments: &[&Path]| Command::new("sync").args(arguments).output().is_ok_and(|o| o.status.success());
    if synced(&[Path::new("-f"), folder]) || synced(&[]) {
        Ok(())
    } else {
        Err(Failure::new("`sync` failed: LibTorch could not be flushed to the disk".to_owned()))
    }
}

#[cfg(unix)]
pub fn link(target: &Path, link: &Path) -> Result<(), Failure> {
    let doing = || format!("cannot link {} to {}", link.display(), target.display());
    std::os::unix::fs::symlink(target.canonicalize().context(doing)?, link).on_disk(doing)
}

#[cfg(not(unix))]
pub fn link(target: &Path, _: &Path) -> Result<(), Failure> {
    Err(Failure::new(format!("cannot link to {}: `cargo xtask setup` works on Unix only", target.display()))
        .remedy("This is untested: set LIBTORCH to that folder, put its lib folder on PATH, and use plain cargo."))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn the_new_folder_replaces_folders_and_links() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join(".libtorch");
        for round in ["nothing", "folder", "dangling link"] {
            match round {
                "folder" => assert!(target.is_dir()),
                "dangling link" => {
                    fs::remove_dir_all(&target).unwrap();
                    std::os::unix::fs::symlink(folder.path().join("nowhere"), &target).unwrap();
                }
                _ => assert!(!target.exists()),
            }
            let staging = folder.path().join("staging");
            fs::create_dir(&staging).unwrap();
            fs::write(staging.join("round"), round).unwrap();
            replace(&target, &staging, &folder.path().join(format!("replaced {round}"))).unwrap();
            assert_eq!(fs::read_to_string(target.join("round")).unwrap(), round);
        }
    }

    #[test]
    fn a_failed_replacement_restores_the_old_folder() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join(".libtorch");
        fs::create_dir(&target).unwrap();
        fs::write(target.join("old"), "").unwrap();
        replace(&target, &folder.path().join("not there"), &folder.path().join("replaced")).unwrap_err();
        assert!(target.join("old").exists());
    }
}
