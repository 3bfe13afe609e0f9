use crate::{Error, Result};
use align_files::{FolderLock, LockError, lock_folder, remove_folder, remove_unfinished, write_file, write_folder};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A run's folder, which one process at a time writes.
///
/// What it writes appears whole or not at all, whenever the process is killed.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
    /// Locked while the process lives; a killed one's lock is free.
    _lock: Option<FolderLock>,
}

impl RunFolder {
    /// Makes the folder if need be, takes it for this process, and removes what a killed one left half written.
    ///
    /// Where the file system has no locks, nothing is removed: another process may be writing it.
    ///
    /// # Errors
    /// A folder that another process holds, or that cannot be made or read.
    pub fn open(path: &Path) -> Result<Self> {
        let fail = |reason: String| Error::Output { path: path.to_owned(), reason };
        std::fs::create_dir_all(path).map_err(|e| fail(e.to_string()))?;
        let lock = lock_folder(path).map_err(|e| match e {
            LockError::Taken => fail("another run is writing it: wait for its end, or choose another folder".into()),
            LockError::Open(e) => fail(e.to_string()),
        })?;
        if lock.is_some() {
            remove_unfinished(path)
                .map_err(|e| fail(format!("what a killed run left there cannot be removed: {e}")))?;
        }
        Ok(Self { path: path.to_owned(), _lock: lock })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a file of this name, in place of one that may stand there.
    ///
    /// # Errors
    /// What `fill` or the file system refuses.
    pub fn write_file(&self, name: &str, fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
        let path = self.path.join(name);
        write_file(&path, true, fill).map_err(|e| Error::Output { path, reason: e.to_string() })
    }

    /// Makes a folder of this name with what `fill` writes into the empty one that it is given; one that stands there
    /// makes way for it.
    ///
    /// # Errors
    /// What `fill` or the file system refuses.
    pub fn replace_folder(&self, name: &str, fill: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
        let path = self.path.join(name);
        let fail = |e: io::Error| Error::Output { path: path.clone(), reason: e.to_string() };
        write_folder(&path, fail, |scratch| {
            fill(scratch)?;
            if path.exists() { remove_folder(&path).map_err(fail) } else { Ok(()) }
        })
    }
}
