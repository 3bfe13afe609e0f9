//! Reading whole files, with a limit.

use std::fs::File;
use std::io::{Error, ErrorKind, Read, Result};
use std::path::Path;

/// The bytes of a regular file of at most `limit` bytes; a pipe would block, and `/dev/zero` never ends.
pub(crate) fn read_file(path: &Path, limit: u64) -> Result<Vec<u8>> {
    let refused = |problem: String| Err(Error::new(ErrorKind::InvalidInput, problem));
    let metadata = std::fs::metadata(path)?;
    if !metadata.is_file() {
        return refused("expected a file, found a folder or a device".to_owned());
    }
    if metadata.len() > limit {
        return refused(format!("it has {} bytes, at most {limit} are read", metadata.len()));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return refused(format!("it grew beyond {limit} bytes"));
    }
    Ok(bytes)
}
