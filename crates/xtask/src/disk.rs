//! Disks that are full, read-only or somebody else's: how much room there is, and what to do about the errors.

use crate::failure::Failure;
use std::io::{self, ErrorKind};
use std::path::Path;

/// Says what was being done when the disk refused, and the remedy.
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
        ErrorKind::QuotaExceeded => Some("Your quota there is used up: free some of it, or work in a copy elsewhere."),
        ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied => Some(
            "LibTorch is put into the workspace's folder, which you must be able to write: give yourself the right to \
             (an earlier run by another user may own what is there), or work in a copy elsewhere.",
        ),
        _ => None,
    }
}

/// What to do about a disk that filled up.
pub const FULL: &str = "The disk is full. Nothing that was there before has changed: free some space and run this \
                        again, or work in a copy on another disk. `cargo xtask doctor` says how much is needed.";

/// The free bytes of the disk that holds `folder`, where the system tells.
#[cfg(unix)]
pub fn free(folder: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(folder).ok()?;
    disk.f_bavail.checked_mul(disk.f_frsize)
}

/// The free bytes of the disk that holds `folder`: not asked on this system.
#[cfg(not(unix))]
pub fn free(_: &Path) -> Option<u64> {
    None
}

/// Refuses to begin what would not fit.
pub fn require(folder: &Path, needed: u64) -> Result<(), Failure> {
    match free(folder) {
        Some(free) if free < needed => Err(Failure::new(format!(
            "the disk that .libtorch is to be on has {} free, and {} are needed for the set-up",
            gigabytes_free(free),
            gigabytes(needed)
        ))
        .remedy(
            "Free some space and run this again, or work in a copy on another disk; a LibTorch that you have needs \
             none: set LIBTORCH to its folder.",
        )),
        _ => Ok(()),
    }
}

pub const MEGABYTE: u64 = 1_000_000;

/// As people say it, `0.6 GB`; rounded up, for what is needed must fit.
pub fn gigabytes(bytes: u64) -> String {
    let tenths = bytes.div_ceil(100 * MEGABYTE);
    format!("{}.{} GB", tenths / 10, tenths % 10)
}

/// The same, rounded down: what is free must not promise too much.
pub fn gigabytes_free(bytes: u64) -> String {
    gigabytes(bytes - bytes % (100 * MEGABYTE))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn what_does_not_fit_is_refused_with_both_numbers() {
        let here = Path::new(".");
        require(here, 0).unwrap();
        let failure = require(here, u64::MAX).unwrap_err().to_string();
        assert!(failure.contains("free, and 18446744073.8 GB are needed"), "{failure}");
    }

    #[test]
    fn gigabytes_are_rounded_to_the_careful_side() {
        assert_eq!(gigabytes(0), "0.0 GB");
        assert_eq!(gigabytes(530_604_548), "0.6 GB");
        assert_eq!(gigabytes(2_512_370_000), "2.6 GB");
        assert_eq!(gigabytes_free(2_599_999_999), "2.5 GB");
    }

    #[test]
    fn an_error_of_the_disk_comes_with_its_remedy() {
        let failed = |kind: ErrorKind| {
            Err::<(), _>(io::Error::from(kind)).on_disk(|| "cannot write it".into()).unwrap_err().to_string()
        };
        assert!(failed(ErrorKind::StorageFull).contains("free some space"));
        assert!(failed(ErrorKind::PermissionDenied).contains("give yourself the right"));
        assert_eq!(failed(ErrorKind::NotFound), "cannot write it: entity not found");
    }
}
