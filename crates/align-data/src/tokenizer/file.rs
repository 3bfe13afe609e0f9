//! Reads the files of a tokeniser's folder.

use crate::{Error, Result};
use align_base::files::read_file;
use serde_json::Value;
use std::path::Path;

/// Largest tokeniser file that is read, in bytes. With a vocabulary of 256,000 tokens it has about 30 MB.
const FILE_LIMIT: u64 = 128 << 20;

/// Reads a file, or returns `None` if it does not exist.
pub(super) fn read_if_exists(path: &Path) -> Result<Option<Vec<u8>>> {
    match read_file(path, FILE_LIMIT) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(Error::read(path, e)),
    }
}

/// Parses a file as JSON.
pub(super) fn parse_json(path: &Path, bytes: &[u8]) -> Result<Value> {
    // Some editors write a byte-order mark.
    serde_json::from_slice(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes))
        .map_err(|e| Error::TokenizerFile { path: path.to_owned(), problem: format!("not valid JSON: {e}") })
}
