use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;

/// A lock on a folder, released when it is dropped or the process ends.
#[derive(Debug)]
pub struct FolderLock {
    _folder: File,
}

/// Why a folder cannot be locked.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process has locked it.
    #[error("another process has locked the folder")]
    Taken,
    /// The folder cannot be opened.
    #[error(transparent)]
    Open(#[from] io::Error),
}

/// Locks a folder against other processes. Returns `None` and logs a warning if the file system has no locks.
///
/// # Errors
/// Another process has locked the folder, or it cannot be opened.
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
    fn a_folder_is_locked_once_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let held = lock_folder(dir.path()).unwrap();
        assert!(matches!(lock_folder(dir.path()), Err(LockError::Taken)));
        drop(held);
        assert!(lock_folder(dir.path()).unwrap().is_some());
        assert!(matches!(lock_folder(&dir.path().join("none")), Err(LockError::Open(_))));
    }
}
