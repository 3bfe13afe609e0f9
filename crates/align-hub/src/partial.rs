use crate::etag::Etag;
use crate::verify::Checksum;
use crate::{HubError, Result, space};
use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// What has arrived of a file: on disk, and in its checksum so far.
pub(crate) struct Partial {
    path: PathBuf,
    file: File,
    length: u64,
    etag: Etag,
    size: Option<u64>,
    /// None while the size is unknown, with which git's checksum begins.
    checksum: Option<Checksum>,
}

impl Partial {
    /// Opens what an earlier download left, or begins.
    pub(crate) fn open(path: &Path, etag: &Etag, size: Option<u64>) -> Result<Self> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(HubError::unwritable(folder))?;
        }
        let mut file = open_own(path).map_err(|error| space::write_error(path, size.unwrap_or(0), error))?;
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

    /// Throws away what has arrived.
    pub(crate) fn restart(&mut self) -> Result<()> {
        self.file.set_len(0).map_err(HubError::unwritable(&self.path))?;
        self.length = 0;
        self.checksum = self.size.map(|size| Checksum::new(self.etag.kind(), size));
        Ok(())
    }

    pub(crate) fn append(&mut self, bytes: &[u8]) -> Result<()> {
        let missing = self.size.map_or(bytes.len() as u64, |size| size.saturating_sub(self.length));
        self.file.write_all(bytes).map_err(|error| space::write_error(&self.path, missing, error))?;
        self.length += bytes.len() as u64;
        if let Some(checksum) = &mut self.checksum {
            checksum.update(bytes);
        }
        Ok(())
    }

    /// The checksum of what arrived, where it is not the promised one.
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

    /// Makes it a finished file at `place`, on disk before it is seen there.
    pub(crate) fn finish(self, place: &Path) -> Result<()> {
        self.file.sync_all().map_err(|error| space::write_error(&self.path, 0, error))?;
        fs::rename(&self.path, place).map_err(HubError::unwritable(place))?;
        // The name survives a power cut only with its folder; some file systems cannot do that.
        if let Some(folder) = place.parent().and_then(|folder| File::open(folder).ok()) {
            let _ = folder.sync_all();
        }
        Ok(())
    }

    /// Removes it from disk: it must not be continued.
    pub(crate) fn discard(self) {
        if let Err(error) = fs::remove_file(&self.path) {
            tracing::warn!("{}: cannot be removed: {error}", self.path.display());
        }
    }
}

/// Opens or makes a regular file to append to; a link, through which another file would be written, is refused.
fn open_own(path: &Path) -> io::Result<File> {
    let no_link = rustix::fs::OFlags::NOFOLLOW.bits() as i32;
    let opened = File::options().create(true).read(true).append(true).custom_flags(no_link).open(path);
    let refused =
        || io::Error::other("it is a link or no plain file, and a download writes to its own file alone: remove it");
    match opened {
        Err(_) if path.is_symlink() => Err(refused()),
        Ok(file) if !file.metadata()?.is_file() => Err(refused()),
        opened => opened,
    }
}
