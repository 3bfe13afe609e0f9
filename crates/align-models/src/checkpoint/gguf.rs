use super::Checkpoint;
use super::entry::{DataLocation, Entry, numel};
use super::error::{Result, malformed};
use super::source::Source;
use crate::gguf;
use align_gguf::GgufFile;
use std::path::Path;

/// Opens a GGUF file. Names and shapes of the tensors are those of transformers.
pub(super) fn open(path: &Path) -> Result<Checkpoint> {
    let file = GgufFile::open(path)?;
    let described = gguf::entries(&file).map_err(|reason| malformed(path, reason))?;
    let entry = |(index, (name, kind, shape, stored)): (usize, (String, _, Vec<i64>, _))| {
        let numel = numel(&shape).unwrap_or(u64::MAX);
        // The position distinguishes tensors from each other.
        let location = DataLocation { file: 0, start: index as u64, numel, crc: None, offset: 0, strides: None };
        Entry { name, kind, shape, location, gguf: Some(stored) }
    };
    let entries: Vec<Entry> = described.into_iter().enumerate().map(entry).collect();
    tracing::debug!(path = %path.display(), tensors = entries.len(), "opened a GGUF file");
    let source = Source::open(path)?;
    Ok(Checkpoint { path: path.to_path_buf(), sources: vec![source], entries, gguf: Some(file) })
}
