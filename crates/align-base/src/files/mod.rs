//! Files and folders that appear whole or not at all and go the same way, whose they are, digests by which damage is seen, and a
//! folder's lock.
//!
//! What is being written stands beside its place under a name that begins with [`UNFINISHED`] and holds the name that it is to
//! get; its writer holds a lock on it. A killed process leaves such names behind without a lock: who writes the same name next
//! removes them, and so does who holds the folder next.
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

mod digest;
mod file;
mod folder;
mod journal;
mod journal_error;
mod lock;
mod manifest;
mod ownership;
mod place;
mod read;
mod rewrite;
mod sealed;
mod stamp;
mod unfinished;

pub use digest::{FileDigest, Hasher, file_digest};
pub use file::{UnfinishedFile, write_file};
pub use folder::{remove_folder, replace_folder, write_folder};
pub use journal::Journal;
pub use journal_error::JournalError;
pub use lock::{FolderLock, LockError, lock_folder};
pub use manifest::{MANIFEST, ManifestError, check_manifest, write_manifest};
pub use ownership::{Ownership, Standing};
pub use place::{check_file_place, is_inside, is_same};
pub use read::read_file;
pub use rewrite::{check_folder_place, rewrite_folder};
pub use sealed::{SealError, seal, unseal};
pub use unfinished::{UNFINISHED, remove_leftovers, remove_unfinished};

use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::Path;

/// A new name lasts only once its folder is on disk. Not every system lets a folder be opened or synced.
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
