//! Files and folders that appear whole or not at all and go the same way, and a folder's lock.
//!
//! What is being written or removed stands beside its place under a name that begins with [`UNFINISHED`]. A killed process
//! leaves such names behind; who holds the folder's lock next may remove them.
//!
//! ```
//! use align_files::{lock_folder, remove_unfinished, write_file};
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

mod file;
mod folder;
mod lock;
mod read;

pub use file::{UnfinishedFile, write_file};
pub use folder::{remove_folder, remove_unfinished, write_folder};
pub use lock::{FolderLock, LockError, lock_folder};
pub use read::read_file;

use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::Path;

/// How the names of what is not whole begin.
pub const UNFINISHED: &str = ".unfinished-";

/// A temporary file or folder that others may use as any of the user's: `mode` less the umask, where tempfile's own default
/// is for the owner alone.
fn builder(mode: u32) -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(UNFINISHED);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(mode));
    }
    #[cfg(not(unix))]
    let _ = mode;
    builder
}

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
