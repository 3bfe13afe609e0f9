//! The folder where `.libtorch` is made before it takes its place.

use crate::failure::{Context, Failure};
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

/// Held while `.libtorch` is made; a second set-up waits, then finds it done.
pub fn lock(scratch: &Path) -> Result<File, Failure> {
    create_dir(scratch)?;
    let path = scratch.join("lock");
    let doing = || format!("cannot lock {}", path.display());
    let file = File::options().create(true).truncate(false).write(true).open(&path).context(doing)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            eprintln!("align: another set-up is at work here; waiting for it");
            file.lock().context(doing)?;
        }
        Err(TryLockError::Error(error)) => return Err(Failure::new(format!("{}: {error}", doing()))),
    }
    Ok(file)
}

/// The folder of one run of the set-up, gone when it ends.
pub struct Work {
    pub folder: PathBuf,
}

impl Work {
    /// Called with the lock held: whatever stands there is of a run that was interrupted. Each run has a name of its
    /// own, because a pip that outlived its run may still write into the old one.
    pub fn begin(scratch: &Path) -> Result<Self, Failure> {
        let list = fs::read_dir(scratch).context(|| format!("cannot list {}", scratch.display()))?;
        for entry in list.filter_map(Result::ok).filter(|e| e.file_name().to_string_lossy().starts_with("work-")) {
            let path = entry.path();
            fs::remove_dir_all(&path)
                .context(|| format!("cannot remove what an interrupted set-up left, {}", path.display()))?;
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

pub fn create_dir(folder: &Path) -> Result<(), Failure> {
    fs::create_dir_all(folder).context(|| format!("cannot create {}", folder.display()))
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
