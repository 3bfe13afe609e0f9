use crate::Reader;
use std::io;
use std::path::{Path, PathBuf};

/// Where the corpus is.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

/// A reader's real files, which mutations start from, by name.
///
/// # Errors
/// When the corpus cannot be read.
pub fn seeds(reader: &Reader) -> io::Result<Vec<Vec<u8>>> {
    let mut files: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(folder().join(reader.name))? {
        files.push(entry?.path());
    }
    let beside = |file: &PathBuf| reader.beside.iter().any(|(_, source)| *file == folder().join(source));
    files.retain(|file| !beside(file));
    files.sort();
    files.iter().map(std::fs::read).collect()
}
