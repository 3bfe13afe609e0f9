//! Opening regular files, and reading a whole file with a size limit.

use crate::printable_path;
use std::fs::File;
use std::io::{Error, ErrorKind, Read, Result};
use std::path::Path;

/// Reads a regular file of at most `limit` bytes. Other files are rejected: a pipe could block, and `/dev/zero` never ends.
///
/// # Errors
/// The path is a folder, a pipe or a device; the file is too long or cannot be read.
pub fn read_file(path: &Path, limit: u64) -> Result<Vec<u8>> {
    let refused = |problem: String| Err(Error::new(ErrorKind::InvalidInput, problem));
    let file = open_file(path)?;
    let length = file.metadata()?.len();
    if length > limit {
        return refused(format!("it has {length} bytes, at most {limit} are read"));
    }
    let mut bytes = Vec::new();
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return refused(format!("it grew beyond {limit} bytes"));
    }
    Ok(bytes)
}

/// Opens a regular file to read it in parts. Other files are rejected, as by [`read_file`].
///
/// # Errors
/// The path is a folder, a pipe or a device; the file cannot be opened.
pub fn open_file(path: &Path) -> Result<File> {
    let metadata = match std::fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Err(Error::new(ErrorKind::NotFound, missing(path)));
        }
        found => found?,
    };
    if !metadata.is_file() {
        return Err(Error::new(ErrorKind::InvalidInput, "expected a file, found a folder or a device"));
    }
    File::open(path)
}

/// Minimum similarity, from 0 to 1, of a suggested file's name to the one that does not exist.
const MIN_SIMILARITY: f64 = 0.8;
/// Most files of a folder whose names are compared.
const MAX_COMPARED: usize = 10_000;

/// Why a file is not found: the folder is missing, or which file of the folder has a similar name.
fn missing(path: &Path) -> String {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !folder.is_dir() {
        return format!("there is no folder {}", printable_path(folder));
    }
    let wanted = path.file_name().unwrap_or_default().to_string_lossy();
    let similarity = |name: &str| strsim::jaro_winkler(&wanted, name);
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().take(MAX_COMPARED);
    let files = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()));
    let names = files.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let similar = names.filter(|name| similarity(name) >= MIN_SIMILARITY);
    match similar.max_by(|a, b| similarity(a).total_cmp(&similarity(b)).then_with(|| b.cmp(a))) {
        Some(name) => format!(
            "there is no such file; did you mean {}?",
            printable_path(folder.join(name)).trim_start_matches("./")
        ),
        None => "there is no such file".to_owned(),
    }
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
        assert_eq!(refused(&folder.path().join("none")), "there is no such file");
        let misspelt = refused(&folder.path().join("fiel"));
        assert!(misspelt.ends_with("/file?") && misspelt.contains("did you mean"), "{misspelt}");
        let no_folder = refused(&folder.path().join("none/file"));
        assert!(no_folder.contains("no folder") && no_folder.ends_with("none"), "{no_folder}");
    }
}
