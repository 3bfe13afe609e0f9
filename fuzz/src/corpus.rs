use crate::Reader;
use std::io;
use std::path::{Path, PathBuf};

/// The corpus folder.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

/// The valid files of a reader, in name order. Mutations start from these.
///
/// # Errors
/// When the corpus cannot be read.
pub fn seeds(reader: &Reader) -> io::Result<Vec<Vec<u8>>> {
    let mut files: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(folder().join(reader.name))? {
        files.push(entry?.path());
    }
    let is_extra_file = |file: &PathBuf| reader.extra_files.iter().any(|(_, source)| *file == folder().join(source));
    files.retain(|file| !is_extra_file(file));
    files.sort();
    files.iter().map(std::fs::read).collect()
}
