use crate::checksum::Checksum;
use crate::etag::Etag;
use crate::{HubError, Result, disk_space};
use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// A partially downloaded file and the checksum of its bytes so far.
pub(crate) struct PartialFile {
    path: PathBuf,
    file: File,
    length: u64,
    etag: Etag,
    size: Option<u64>,
    /// `None` while the size is unknown, because git's checksum begins with the size.
    checksum: Option<Checksum>,
}

impl PartialFile {
    /// Opens the partial file of an earlier download, or creates one.
    pub(crate) fn open(path: &Path, etag: &Etag, size: Option<u64>) -> Result<Self> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(HubError::unwritable(folder))?;
        }
        let mut file =
            open_regular_file(path).map_err(|error| disk_space::write_error(path, size.unwrap_or(0), error))?;
        let mut checksum = size.map(|size| Checksum::new(etag.kind(), size));
        let length = match &mut checksum {
            Some(checksum) => checksum.update_from(&mut file).map_err(HubError::unreadable(path))?,
            None => file.metadata().map_err(HubError::unreadable(path))?.len(),
        };
        let mut partial = Self { path: path.to_owned(), file, length, etag: etag.clone(), size, checksum };
        if size.is_some_and(|size| length > size) {
            partial.restart()?;
        }
        Ok(partial)
    }

    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// Discards all bytes.
    pub(crate) fn restart(&mut self) -> Result<()> {
        self.file.set_len(0).map_err(HubError::unwritable(&self.path))?;
        self.length = 0;
        self.checksum = self.size.map(|size| Checksum::new(self.etag.kind(), size));
        Ok(())
    }

    pub(crate) fn append(&mut self, bytes: &[u8]) -> Result<()> {
        let missing = self.size.map_or(bytes.len() as u64, |size| size.saturating_sub(self.length));
        self.file.write_all(bytes).map_err(|error| disk_space::write_error(&self.path, missing, error))?;
        self.length += bytes.len() as u64;
        if let Some(checksum) = &mut self.checksum {
            checksum.update(bytes);
        }
        Ok(())
    }

    /// The checksum of the file if it differs from the etag.
    pub(crate) fn mismatch(&mut self) -> Result<Option<String>> {
        let checksum = match self.checksum.take() {
            Some(checksum) => checksum,
            None => {
                let mut checksum = Checksum::new(self.etag.kind(), self.length);
                self.file.seek(SeekFrom::Start(0)).map_err(HubError::unreadable(&self.path))?;
                checksum.update_from(&mut self.file).map_err(HubError::unreadable(&self.path))?;
                checksum
            }
        };
        Ok(checksum.mismatch(&self.etag))
    }

    /// Moves the complete file to `path` after syncing it to disk.
    pub(crate) fn finish(self, path: &Path) -> Result<()> {
        self.file.sync_all().map_err(|error| disk_space::write_error(&self.path, 0, error))?;
        fs::rename(&self.path, path).map_err(HubError::unwritable(path))?;
        // Syncing the folder makes the rename durable; some file systems do not support it.
        if let Some(folder) = path.parent().and_then(|folder| File::open(folder).ok()) {
            let _ = folder.sync_all();
        }
        Ok(())
    }

    /// Deletes the file, so that it is not resumed.
    pub(crate) fn discard(self) {
        if let Err(error) = fs::remove_file(&self.path) {
            tracing::warn!("{}: cannot be removed: {error}", self.path.display());
        }
    }
}

/// Opens or creates a regular file for appending. Links are rejected, because writing through one would change another
/// file.
fn open_regular_file(path: &Path) -> io::Result<File> {
    let no_link = rustix::fs::OFlags::NOFOLLOW.bits() as i32;
    let opened = File::options().create(true).read(true).append(true).custom_flags(no_link).open(path);
    let not_regular = || io::Error::other("it is a link or not a regular file: remove it");
    match opened {
        Err(_) if path.is_symlink() => Err(not_regular()),
        Ok(file) if !file.metadata()?.is_file() => Err(not_regular()),
        opened => opened,
    }
}
