//! Putting a finished folder in the place of `.libtorch`.

use crate::disk::OnDisk;
use crate::failure::{Context, Failure};
use std::fs::{self, File};
use std::path::Path;
use std::process::Command;

/// Puts the finished folder in its place by a rename; what was there goes with the work folder.
pub fn replace(place: &Path, fresh: &Path, replaced: &Path) -> Result<(), Failure> {
    let there = place.symlink_metadata().is_ok();
    if there {
        fs::rename(place, replaced).on_disk(|| format!("cannot move {} away", place.display()))?;
    }
    if let Err(error) = fs::rename(fresh, place) {
        if there {
            fs::rename(replaced, place).ok();
        }
        return Err(error).on_disk(|| format!("cannot put {} in its place", place.display()));
    }
    let parent = place.parent().unwrap_or(place);
    File::open(parent).and_then(|folder| folder.sync_all()).on_disk(|| format!("cannot flush {}", parent.display()))
}

/// Waits until all that was written is on the disk. One call for the file system: thousands of headers one by one would
/// take minutes on a slow disk.
pub fn flush(folder: &Path) -> Result<(), Failure> {
    let synced = |arguments: &[&Path]| Command::new("sync").args(arguments).output().is_ok_and(|o| o.status.success());
    if synced(&[Path::new("-f"), folder]) || synced(&[]) {
        Ok(())
    } else {
        Err(Failure::new("`sync` failed: LibTorch could not be flushed to the disk".to_owned()))
    }
}

#[cfg(unix)]
pub fn link(target: &Path, place: &Path) -> Result<(), Failure> {
    let doing = || format!("cannot link {} to {}", place.display(), target.display());
    std::os::unix::fs::symlink(target.canonicalize().context(doing)?, place).on_disk(doing)
}

#[cfg(not(unix))]
pub fn link(target: &Path, _: &Path) -> Result<(), Failure> {
    Err(Failure::new(format!("cannot link to {}: `cargo xtask setup` works on Unix only", target.display()))
        .remedy("Untested here: set LIBTORCH to that folder, put its lib folder on PATH, and use plain cargo."))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::libtorch_check::tests::write_fake_torch;

    #[test]
    fn the_new_folder_replaces_folders_and_links() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join(".libtorch");
        let target = folder.path().join("target");
        write_fake_torch(&target, 11);
        for round in ["nothing", "folder", "dangling link"] {
            match round {
                "folder" => assert!(place.is_dir()),
                "dangling link" => {
                    fs::remove_dir_all(&place).unwrap();
                    std::os::unix::fs::symlink(folder.path().join("nowhere"), &place).unwrap();
                }
                _ => assert!(!place.exists()),
            }
            let fresh = folder.path().join("fresh");
            fs::create_dir(&fresh).unwrap();
            fs::write(fresh.join("round"), round).unwrap();
            replace(&place, &fresh, &folder.path().join(format!("replaced {round}"))).unwrap();
            assert_eq!(fs::read_to_string(place.join("round")).unwrap(), round);
        }
    }

    #[test]
    fn what_cannot_be_replaced_stays() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join(".libtorch");
        fs::create_dir(&place).unwrap();
        fs::write(place.join("old"), "").unwrap();
        replace(&place, &folder.path().join("not there"), &folder.path().join("replaced")).unwrap_err();
        assert!(place.join("old").exists());
    }
}
