//! A manifest of the files in a folder with their digests, to detect damage before the files are read.

use super::{checksummed_line, file_digest, parse_checksummed_line, write_file};
use serde::{Deserialize, Serialize};
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// The file name of a manifest.
pub const MANIFEST: &str = "manifest.json";

const PURPOSE: &str = "align manifest";
/// Longest manifest that is read, in bytes.
const LONGEST: u64 = 1 << 20;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    /// The format of the folder, with its version.
    #[serde(rename = "form")]
    format: String,
    files: Vec<ListedFile>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ListedFile {
    file: String,
    bytes: u64,
    blake3: String,
}

/// Why the check of a folder against its manifest failed.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// The folder has no manifest.
    #[error("has no {MANIFEST}")]
    Missing,
    /// The folder has another format.
    #[error("has the format \"{found}\", expected \"{expected}\"")]
    Format {
        /// The format in the manifest.
        found: String,
        /// The expected format.
        expected: String,
    },
    /// A file is missing or differs from the manifest.
    #[error("{} {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

/// Writes the digests of all files in a folder to its [`MANIFEST`]. `format` names the folder's format and version.
///
/// # Errors
/// The folder already has a manifest or contains a folder, and I/O errors.
pub fn write_manifest(folder: &Path, format: &str) -> io::Result<()> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).map(str::to_owned);
        let file = name.ok_or_else(|| io::Error::new(ErrorKind::InvalidData, "a file name is not valid UTF-8"))?;
        let found = file_digest(&path, u64::MAX)?;
        files.push(ListedFile { file, bytes: found.bytes, blake3: found.blake3 });
    }
    files.sort_by(|a, b| a.file.cmp(&b.file));
    let line = checksummed_line(PURPOSE, &Manifest { format: format.to_owned(), files })?;
    write_file(&folder.join(MANIFEST), false, |file| writeln!(file, "{line}"))
}

/// Checks that every file in the manifest is unchanged since [`write_manifest`]. Files that the manifest does not list are ignored.
///
/// # Errors
/// The first file that is missing or has another size or digest; a manifest that is missing, damaged, or of another format.
pub fn check_manifest(folder: &Path, format: &str) -> Result<(), ManifestError> {
    let path = folder.join(MANIFEST);
    let fail = |path: &Path, reason: String| ManifestError::File { path: path.to_owned(), reason };
    let bytes = match fs::metadata(&path) {
        Err(e) if e.kind() == ErrorKind::NotFound => return Err(ManifestError::Missing),
        Ok(found) if found.len() > LONGEST => return Err(fail(&path, "is damaged: it is too long".to_owned())),
        _ => fs::read(&path).map_err(|e| fail(&path, format!("cannot be read: {e}")))?,
    };
    let line = bytes.strip_suffix(b"\n").ok_or_else(|| fail(&path, "is damaged: its end is missing".to_owned()))?;
    let manifest: Manifest =
        parse_checksummed_line(PURPOSE, line).map_err(|e| fail(&path, format!("is damaged: {e}")))?;
    if manifest.format != format {
        return Err(ManifestError::Format { found: manifest.format, expected: format.to_owned() });
    }
    manifest.files.iter().try_for_each(|listed| {
        let path = folder.join(&listed.file);
        listed.check(&path).map_err(|reason| fail(&path, reason))
    })
}

impl ListedFile {
    fn check(&self, path: &Path) -> Result<(), String> {
        let found = match fs::metadata(path) {
            Err(e) if e.kind() == ErrorKind::NotFound => return Err("is missing".to_owned()),
            found => found.map_err(|e| format!("cannot be read: {e}"))?.len(),
        };
        if found != self.bytes {
            return Err(format!("is damaged: it has {found} bytes, {} were written", self.bytes));
        }
        let found = file_digest(path, u64::MAX).map_err(|e| format!("cannot be read: {e}"))?;
        match found.blake3 == self.blake3 {
            true => Ok(()),
            false => Err("is damaged: its digest is not the one in the manifest".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn folder() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("a.bin"), [7; 100]).unwrap();
        fs::write(dir.path().join("b.json"), "{}").unwrap();
        write_manifest(dir.path(), "test 1").unwrap();
        dir
    }

    fn refusal(dir: &Path) -> String {
        check_manifest(dir, "test 1").unwrap_err().to_string()
    }

    #[test]
    fn damaged_files_are_named() {
        let dir = folder();
        let dir = dir.path();
        check_manifest(dir, "test 1").unwrap();
        fs::write(dir.join("notes.txt"), "mine").unwrap();
        check_manifest(dir, "test 1").unwrap();
        for name in ["a.bin", "b.json", MANIFEST] {
            let whole = fs::read(dir.join(name)).unwrap();
            for bit in (0..whole.len() * 8).step_by(13) {
                let mut flipped = whole.clone();
                flipped[bit / 8] ^= 1 << (bit % 8);
                fs::write(dir.join(name), flipped).unwrap();
                let said = refusal(dir);
                assert!(said.contains(name) && said.contains("damaged"), "bit {bit} of {name}: {said}");
            }
            fs::write(dir.join(name), &whole[..whole.len() - 1]).unwrap();
            assert!(refusal(dir).contains(name));
            fs::write(dir.join(name), whole).unwrap();
        }
        check_manifest(dir, "test 1").unwrap();
    }

    #[test]
    fn missing_files_and_other_formats_are_reported() {
        let dir = folder();
        let dir = dir.path();
        let other = check_manifest(dir, "test 2").unwrap_err().to_string();
        assert!(other.contains("\"test 1\"") && other.contains("\"test 2\""), "{other}");
        fs::remove_file(dir.join("a.bin")).unwrap();
        assert!(refusal(dir).contains("a.bin is missing"));
        fs::remove_file(dir.join(MANIFEST)).unwrap();
        assert!(matches!(check_manifest(dir, "test 1"), Err(ManifestError::Missing)));
    }
}
