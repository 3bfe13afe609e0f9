use super::entry::{DataLocation, Entry, numel};
use super::error::{Result, malformed};
use crate::gguf;
use align_gguf::GgufFile;
use std::path::Path;

/// Opens a GGUF file and describes its tensors, with the names and shapes of transformers.
pub(super) fn open(path: &Path) -> Result<(GgufFile, Vec<Entry>)> {
    let file = GgufFile::open(path)?;
    let described = gguf::entries(&file).map_err(|reason| malformed(path, reason))?;
    let entry = |(index, (name, kind, shape, stored)): (usize, (String, _, Vec<i64>, _))| {
        let numel = numel(&shape).unwrap_or(u64::MAX);
        // The position distinguishes tensors from each other.
        let location = DataLocation { file: 0, start: index as u64, numel, crc: None, offset: 0, strides: None };
        Entry { name, kind, shape, location, gguf: Some(stored) }
    };
    let entries = described.into_iter().enumerate().map(entry).collect();
    Ok((file, entries))
}
