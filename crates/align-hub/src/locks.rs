use crate::{HubError, Result};
use std::fs::{self, File, TryLockError};
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Holds a lock of the cache, which Python's `huggingface_hub` honours too, until it is dropped or the process ends.
pub(crate) struct Lock {
    _file: File,
}

/// Takes the lock, waiting for whoever has it.
pub(crate) fn hold(path: &Path) -> Result<Lock> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(HubError::unwritable(folder))?;
    }
    // A link would have a file made elsewhere.
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
        // A broken lock costs at most a damaged partial download, which its checksum gives away.
        Err(error) if error.kind() == ErrorKind::Unsupported => {
            tracing::warn!("{}: this file system has no locks, going on without", path.display());
            Ok(Lock { _file: file })
        }
        Err(error) => Err(HubError::unwritable(path)(error)),
    }
}
