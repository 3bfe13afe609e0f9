use crate::{HubError, Result};
use std::io::{self, ErrorKind};
use std::path::Path;

/// Free bytes for the current user on the disk of `folder`, which need not exist yet; `None` if unknown.
pub(crate) fn free(folder: &Path) -> Option<u64> {
    let existing = folder.ancestors().find(|folder| folder.exists())?;
    let stat = rustix::fs::statvfs(existing).ok()?;
    stat.f_bavail.checked_mul(stat.f_frsize)
}

/// Checks that the disk has enough space.
pub(crate) fn check(folder: &Path, needed: u64) -> Result<()> {
    match free(folder) {
        Some(free) if free < needed => Err(HubError::DiskFull { folder: folder.to_owned(), needed, free }),
        _ => Ok(()),
    }
}

/// The error for a failed write to `path` with `needed` bytes still to be written.
pub(crate) fn write_error(path: &Path, needed: u64, error: io::Error) -> HubError {
    if !matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded) {
        return HubError::unwritable(path)(error);
    }
    let folder = path.parent().unwrap_or(path);
    HubError::DiskFull { folder: folder.to_owned(), needed, free: free(folder).unwrap_or(0) }
}
