//! The temporary folder in which `.libtorch` is prepared, and its lock.

use crate::disk::OnDisk;
use crate::failure::Failure;
use crate::interrupt;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

/// Locks the setup. A second setup waits until the first has finished.
pub fn lock(setup_folder: &Path) -> Result<File, Failure> {
    create_dir(setup_folder)?;
    let path = setup_folder.join("lock");
    let doing = || format!("cannot lock {}", path.display());
    let file = File::options().create(true).truncate(false).write(true).open(&path).on_disk(doing)?;
    let mut printed = false;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => return Err(error).on_disk(doing),
        }
        if !printed {
            eprintln!("align: another setup is running; waiting for it");
            printed = true;
        }
        // A blocking lock could not be interrupted by Ctrl-C.
        interrupt::check()?;
        thread::sleep(Duration::from_millis(200));
    }
}

/// The folder of one setup, removed when dropped.
pub struct WorkFolder {
    pub path: PathBuf,
}

impl WorkFolder {
    /// Creates the folder, and removes those of interrupted setups. Must be called with the lock held. The name contains the process
    /// id, because pip may still be writing into an old folder if it outlived its setup.
    pub fn create(setup_folder: &Path) -> Result<Self, Failure> {
        for leftover in leftovers(setup_folder) {
            remove(&leftover)
                .on_disk(|| format!("cannot remove the files of an interrupted setup, {}", leftover.display()))?;
        }
        let path = setup_folder.join(format!("work-{}", std::process::id()));
        create_dir(&path)?;
        Ok(Self { path })
    }
}

impl Drop for WorkFolder {
    fn drop(&mut self) {
        // If this fails, the next setup removes the folder.
        fs::remove_dir_all(&self.path).ok();
    }
}

/// The work folders of running or interrupted setups.
pub fn leftovers(setup_folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(setup_folder).into_iter().flatten().filter_map(Result::ok);
    entries.filter(|e| e.file_name().to_string_lossy().starts_with("work-")).map(|e| e.path()).collect()
}

/// Removes a folder. Retries for a moment, because a pip that outlived its setup may still create files in it.
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
    fn the_files_of_an_interrupted_set_up_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        let leftover = folder.path().join("work-1/wheels");
        fs::create_dir_all(&leftover).unwrap();
        fs::write(leftover.join("half.whl"), "half").unwrap();
        fs::write(folder.path().join("lock"), "").unwrap();
        let work = WorkFolder::create(folder.path()).unwrap();
        assert!(!leftover.exists() && work.path.is_dir());
        drop(work);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "only the lock is left");
    }

    #[test]
    fn the_lock_is_exclusive() {
        let folder = tempfile::tempdir().unwrap();
        let first = lock(folder.path()).unwrap();
        let second = File::options().write(true).open(folder.path().join("lock")).unwrap();
        assert!(matches!(second.try_lock(), Err(TryLockError::WouldBlock)));
        drop(first);
        second.try_lock().unwrap();
    }
}
