//! Atomic writes of files and folders, a record of which files a program owns, digests that detect damage, and folder locks.
//!
//! A file or folder is written under a temporary name in the same folder. The name consists of [`UNFINISHED_PREFIX`], the final name
//! and random characters, and the writer locks the file. If the process is killed, the temporary file remains without a lock. The
//! next writer of the same name removes it, and so does [`remove_unfinished`].
//!
//! ```
//! use align_base::files::{lock_folder, remove_unfinished, write_file};
//! use std::io::Write;
//!
//! # let folder = tempfile::tempdir()?;
//! # let folder = folder.path();
//! let lock = lock_folder(folder)?;
//! if lock.is_some() {
//!     remove_unfinished(folder)?;
//! }
//! let numbers = folder.join("numbers.txt");
//! write_file(&numbers, false, |file| writeln!(file, "1 2 3"))?;
//! assert_eq!(std::fs::read_to_string(&numbers)?, "1 2 3\n");
//! assert!(write_file(&numbers, false, |file| writeln!(file, "4")).is_err());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod checksummed_line;
mod destination;
mod digest;
mod file;
mod fingerprint;
mod folder;
mod journal;
mod journal_error;
mod lock;
mod manifest;
mod ownership;
mod read;
mod rewrite;
mod temporary;

pub use checksummed_line::{ChecksummedLineError, checksummed_line, parse_checksummed_line};
pub use destination::{check_file_destination, is_inside, is_same_file};
pub use digest::{FileDigest, Hasher, file_digest};
pub use file::{UnfinishedFile, write_file};
pub use folder::{remove_folder, replace_folder, write_folder};
pub use journal::Journal;
pub use journal_error::JournalError;
pub use lock::{FolderLock, LockError, lock_folder};
pub use manifest::{MANIFEST, ManifestError, check_manifest, write_manifest};
pub use ownership::{EntryStatus, Ownership};
pub use read::{open_file, read_file};
pub use rewrite::{check_folder_destination, rewrite_folder};
pub use temporary::{UNFINISHED_PREFIX, remove_leftovers, remove_unfinished};

use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::Path;

/// Syncs a folder, without which a new name in it is not durable. Does nothing on a system that cannot open or sync folders.
fn sync_folder(folder: &Path) -> io::Result<()> {
    let Ok(folder) = File::open(folder) else { return Ok(()) };
    match folder.sync_all() {
        Err(e) if matches!(e.kind(), ErrorKind::InvalidInput | ErrorKind::Unsupported) => Ok(()),
        synced => synced,
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
