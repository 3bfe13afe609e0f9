//! Free disk space, and errors of disks that are full, read-only or owned by another user.

use crate::failure::Failure;
use std::io::{self, ErrorKind};
use std::path::Path;

/// Adds the failed action and a remedy to an I/O error.
pub trait OnDisk<T> {
    fn on_disk(self, doing: impl FnOnce() -> String) -> Result<T, Failure>;
}

impl<T> OnDisk<T> for io::Result<T> {
    fn on_disk(self, doing: impl FnOnce() -> String) -> Result<T, Failure> {
        self.map_err(|error| {
            let failure = Failure::new(format!("{}: {error}", doing()));
            match remedy(error.kind()) {
                Some(remedy) => failure.remedy(remedy),
                None => failure,
            }
        })
    }
}

fn remedy(kind: ErrorKind) -> Option<&'static str> {
    match kind {
        ErrorKind::StorageFull => Some(FULL),
        ErrorKind::QuotaExceeded => {
            Some("Your disk quota is exhausted: delete some files, or work in a copy elsewhere.")
        }
        ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied => Some(
            "LibTorch is installed in the workspace's folder, which must be writable: change the permissions (files there \
             may belong to another user who ran this before), or work in a copy elsewhere.",
        ),
        _ => None,
    }
}

/// The remedy for a full disk.
pub const FULL: &str = "The disk is full. No existing file has changed: free some space and run this again, or work in a \
                        copy on another disk. `cargo xtask doctor` shows how much is needed.";

/// The free bytes of the disk with `folder`, if the system reports them.
#[cfg(unix)]
pub fn free(folder: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(folder).ok()?;
    disk.f_bavail.checked_mul(disk.f_frsize)
}

/// The free bytes of the disk with `folder`; unknown on this system.
#[cfg(not(unix))]
pub fn free(_: &Path) -> Option<u64> {
    None
}

/// Fails if less than `needed` bytes are free.
pub fn require(folder: &Path, needed: u64) -> Result<(), Failure> {
    match free(folder) {
        Some(free) if free < needed => Err(Failure::new(format!(
            "the disk for .libtorch has {} free, but the setup needs {}",
            gigabytes_free(free),
            gigabytes(needed)
        ))
        .remedy(
            "Free some space and run this again, or work in a copy on another disk. An existing LibTorch needs no space: \
             set LIBTORCH to its folder.",
        )),
        _ => Ok(()),
    }
}

pub const MEGABYTE: u64 = 1_000_000;

/// A size such as `0.6 GB`, rounded up: for space that is needed.
pub fn gigabytes(bytes: u64) -> String {
    let tenths = bytes.div_ceil(100 * MEGABYTE);
    format!("{}.{} GB", tenths / 10, tenths % 10)
}

/// A size such as `0.6 GB`, rounded down: for space that is free.
pub fn gigabytes_free(bytes: u64) -> String {
    gigabytes(bytes - bytes % (100 * MEGABYTE))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn too_little_space_is_an_error_with_both_numbers() {
        let here = Path::new(".");
        require(here, 0).unwrap();
        let failure = require(here, u64::MAX).unwrap_err().to_string();
        assert!(failure.contains("free, but the setup needs 18446744073.8 GB"), "{failure}");
    }

    #[test]
    fn needed_space_is_rounded_up_and_free_space_down() {
        assert_eq!(gigabytes(0), "0.0 GB");
        assert_eq!(gigabytes(530_604_548), "0.6 GB");
        assert_eq!(gigabytes(2_512_370_000), "2.6 GB");
        assert_eq!(gigabytes_free(2_599_999_999), "2.5 GB");
    }

    #[test]
    fn disk_errors_come_with_a_remedy() {
        let failed = |kind: ErrorKind| {
            Err::<(), _>(io::Error::from(kind)).on_disk(|| "cannot write it".into()).unwrap_err().to_string()
        };
        assert!(failed(ErrorKind::StorageFull).contains("free some space"));
        assert!(failed(ErrorKind::PermissionDenied).contains("change the permissions"));
        assert_eq!(failed(ErrorKind::NotFound), "cannot write it: entity not found");
    }
}
