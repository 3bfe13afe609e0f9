//! Reading a whole file with a size limit.

use std::fs::File;
use std::io::{Error, ErrorKind, Read, Result};
use std::path::Path;

/// Reads a regular file of at most `limit` bytes. Other files are rejected: a pipe could block, and `/dev/zero` never ends.
///
/// # Errors
/// The path is a folder, a pipe or a device; the file is too long or cannot be read.
pub fn read_file(path: &Path, limit: u64) -> Result<Vec<u8>> {
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn only_files_within_the_limit_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, "abc").unwrap();
        assert_eq!(read_file(&path, 3).unwrap(), b"abc");
        assert!(read_file(&path, 2).unwrap_err().to_string().contains("3 bytes, at most 2"));
        let refused = |path: &Path| read_file(path, 1 << 20).unwrap_err().to_string();
        assert!(refused(folder.path()).contains("found a folder or a device"));
        assert!(refused(Path::new("/dev/zero")).contains("found a folder or a device"));
        assert_eq!(read_file(&folder.path().join("none"), 1).unwrap_err().kind(), ErrorKind::NotFound);
    }
}
