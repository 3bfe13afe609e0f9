//! Files of a tokeniser's folder.

use crate::{Error, Result};
use align_base::files::read_file;
use serde_json::Value;
use std::path::Path;

/// Largest file of a tokeniser that is read, in bytes; that of a vocabulary of 256,000 tokens has some 30 MB.
const FILE_LIMIT: u64 = 128 << 20;

/// A file's bytes, or `None` where there is no such file.
pub(super) fn read(path: &Path) -> Result<Option<Vec<u8>>> {
    match read_file(path, FILE_LIMIT) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(Error::read(path, e)),
    }
}

/// A file's bytes as JSON.
pub(super) fn parse(path: &Path, bytes: &[u8]) -> Result<Value> {
    // A byte-order mark, which some editors write, is no part of the text.
    serde_json::from_slice(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes))
        .map_err(|e| Error::TokenizerFile { path: path.to_owned(), problem: format!("not valid JSON: {e}") })
}
