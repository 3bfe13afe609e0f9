use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;

/// A folder that this process holds until the lock is dropped; a killed process's is free.
#[derive(Debug)]
pub struct FolderLock {
    _folder: File,
}

/// Why a folder cannot be held.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process holds it.
    #[error("another process holds the folder")]
    Taken,
    /// The folder cannot be opened.
    #[error(transparent)]
    Open(#[from] io::Error),
}

/// Takes a folder that one process at a time is to write; none where the file system has no locks, which a warning says, for
/// that is no reason to stop.
///
/// # Errors
/// When another process holds the folder, or it cannot be opened.
pub fn lock_folder(folder: &Path) -> Result<Option<FolderLock>, LockError> {
    let file = File::open(folder)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(FolderLock { _folder: file })),
        Err(TryLockError::WouldBlock) => Err(LockError::Taken),
        Err(TryLockError::Error(error)) => {
            tracing::warn!(folder = %folder.display(), %error, "the folder cannot be locked");
            Ok(None)
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn one_at_a_time_holds_a_folder() {
        let dir = tempfile::tempdir().unwrap();
        let held = lock_folder(dir.path()).unwrap();
        assert!(matches!(lock_folder(dir.path()), Err(LockError::Taken)));
        drop(held);
        assert!(lock_folder(dir.path()).unwrap().is_some());
        assert!(matches!(lock_folder(&dir.path().join("none")), Err(LockError::Open(_))));
    }
}
