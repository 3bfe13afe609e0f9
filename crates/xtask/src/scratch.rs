//! The folder where `.libtorch` is made before it takes its place.

use crate::disk::OnDisk;
use crate::failure::Failure;
use crate::interrupt;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

/// Held while `.libtorch` is made; a second set-up waits, then finds it done.
pub fn lock(scratch: &Path) -> Result<File, Failure> {
    create_dir(scratch)?;
    let path = scratch.join("lock");
    let doing = || format!("cannot lock {}", path.display());
    let file = File::options().create(true).truncate(false).write(true).open(&path).on_disk(doing)?;
    let mut told = false;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => return Err(error).on_disk(doing),
        }
        if !told {
            eprintln!("align: another set-up is at work here; waiting for it");
            told = true;
        }
        // Waiting in the system's lock would not heed Ctrl-C.
        interrupt::check()?;
        thread::sleep(Duration::from_millis(200));
    }
}

/// The folder of one run of the set-up, gone when it ends.
pub struct Work {
    pub folder: PathBuf,
}

impl Work {
    /// Called with the lock held: whatever stands there is of a run that was interrupted. Each run has a name of its
    /// own, because a pip that outlived its run may still write into the old one.
    pub fn begin(scratch: &Path) -> Result<Self, Failure> {
        for path in leftovers(scratch) {
            remove(&path).on_disk(|| format!("cannot remove what an interrupted set-up left, {}", path.display()))?;
        }
        let folder = scratch.join(format!("work-{}", std::process::id()));
        create_dir(&folder)?;
        Ok(Self { folder })
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        // What stays is removed by the next run.
        fs::remove_dir_all(&self.folder).ok();
    }
}

/// The folders of runs that are at work, or were interrupted.
pub fn leftovers(scratch: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(scratch).into_iter().flatten().filter_map(Result::ok);
    entries.filter(|e| e.file_name().to_string_lossy().starts_with("work-")).map(|e| e.path()).collect()
}

/// A pip that outlived its run may put files back while they are removed, for a moment.
fn remove(folder: &Path) -> std::io::Result<()> {
    for _ in 0..20 {
        match fs::remove_dir_all(folder) {
            Err(error) if error.kind() == std::io::ErrorKind::DirectoryNotEmpty => {
                thread::sleep(Duration::from_millis(100));
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            done => return done,
        }
    }
    fs::remove_dir_all(folder)
}

pub fn create_dir(folder: &Path) -> Result<(), Failure> {
    fs::create_dir_all(folder).on_disk(|| format!("cannot create {}", folder.display()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn what_an_interrupted_run_left_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let left = folder.path().join("work-1/wheels");
        fs::create_dir_all(&left).unwrap();
        fs::write(left.join("half.whl"), "half").unwrap();
        fs::write(folder.path().join("lock"), "").unwrap();
        let work = Work::begin(folder.path()).unwrap();
        assert!(!left.exists() && work.folder.is_dir());
        drop(work);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "only the lock stays");
    }

    #[test]
    fn only_one_holds_the_lock() {
        let folder = tempfile::tempdir().unwrap();
        let first = lock(folder.path()).unwrap();
        let second = File::options().write(true).open(folder.path().join("lock")).unwrap();
        assert!(matches!(second.try_lock(), Err(TryLockError::WouldBlock)));
        drop(first);
        second.try_lock().unwrap();
    }
}
