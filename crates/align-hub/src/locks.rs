use crate::{HubError, Result};
use std::fs::{self, File, TryLockError};
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// A lock file of the cache, compatible with Python's `huggingface_hub`. It is released on drop or when the process
/// ends.
pub(crate) struct Lock {
    _file: File,
}

/// Acquires the lock, waiting until it is free.
pub(crate) fn acquire(path: &Path) -> Result<Lock> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(HubError::unwritable(folder))?;
    }
    // Following a link could create a file outside the cache.
    let no_link = rustix::fs::OFlags::NOFOLLOW.bits() as i32;
    let opened = File::options().create(true).append(true).custom_flags(no_link).open(path);
    let file = opened.map_err(HubError::unwritable(path))?;
    let locked = match file.try_lock() {
        Err(TryLockError::WouldBlock) => {
            tracing::info!("{}: waiting for another process that downloads the same file", path.display());
            file.lock()
        }
        Err(TryLockError::Error(error)) => Err(error),
        Ok(()) => Ok(()),
    };
    match locked {
        Ok(()) => Ok(Lock { _file: file }),
        // Without a lock, a partial download may be damaged, which its checksum reveals.
        Err(error) if error.kind() == ErrorKind::Unsupported => {
            tracing::warn!("{}: the file system does not support locks; continuing without one", path.display());
            Ok(Lock { _file: file })
        }
        Err(error) => Err(HubError::unwritable(path)(error)),
    }
}
