use crate::streaming::StreamingError;
use crate::{Error, Result};
use align_base::files::{file_digest, open_file};
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A file whose last change is more recent than this when it is read may change again without another time of change, because file
/// systems count time in steps.
const SETTLED: Duration = Duration::from_secs(2);

/// A file that was tokenised: its digest, and its size and time of change, by which its digest is known without reading it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SourceFile {
    /// The absolute path.
    path: String,
    pub bytes: u64,
    /// Nanoseconds since 1970; `None` if the file had just been changed.
    modified: Option<u64>,
    pub blake3: String,
}

impl SourceFile {
    /// Describes a file. The digest is taken from a file of `known` if path, size and time of change are the same, and is computed otherwise.
    pub fn of(path: &Path, known: &[Self]) -> Result<Self> {
        let read = |problem| Error::read(path, problem);
        let metadata = open_file(path).and_then(|file| file.metadata()).map_err(read)?;
        let absolute = path.canonicalize().map_err(read)?;
        let (bytes, changed) = (metadata.len(), metadata.modified().ok());
        let is_settled = |changed: &SystemTime| changed.elapsed().is_ok_and(|age| age >= SETTLED);
        let modified = changed.filter(is_settled).and_then(nanoseconds);
        let path = absolute.to_string_lossy().into_owned();
        let same = |file: &&Self| (&file.path, file.bytes, file.modified) == (&path, bytes, modified);
        let blake3 = match known.iter().filter(|_| modified.is_some()).find(same) {
            Some(file) => file.blake3.clone(),
            None => file_digest(&absolute, u64::MAX).map_err(read)?.blake3,
        };
        Ok(Self { path, bytes, modified, blake3 })
    }

    /// The extensions of the name, which decide how the file is read.
    pub fn extensions(&self) -> String {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        name.split_once('.').map_or(String::new(), |(_, extensions)| extensions.to_ascii_lowercase())
    }

    /// Checks that the file at `path` still has this size and time of change.
    pub fn check_unchanged(&self, path: &Path) -> Result<()> {
        let changed = || Error::from(StreamingError::Changed { path: path.to_owned() });
        let metadata = path.metadata().map_err(|problem| Error::read(path, problem))?;
        let modified = metadata.modified().ok().and_then(nanoseconds);
        if metadata.len() != self.bytes || self.modified.is_some_and(|known| Some(known) != modified) {
            return Err(changed());
        }
        // Of a file that had just been changed only the content tells.
        if self.modified.is_none() {
            let found = file_digest(path, u64::MAX).map_err(|problem| Error::read(path, problem))?;
            return if found.blake3 == self.blake3 { Ok(()) } else { Err(changed()) };
        }
        Ok(())
    }
}

fn nanoseconds(time: SystemTime) -> Option<u64> {
    u64::try_from(time.duration_since(UNIX_EPOCH).ok()?.as_nanos()).ok()
}
