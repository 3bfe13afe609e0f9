//! What a folder's files were when it was written, so that it can be checked before it is believed.

use super::{file_digest, seal, unseal, write_file};
use serde::{Deserialize, Serialize};
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// The name of a folder's manifest.
pub const MANIFEST: &str = "manifest.json";

const PURPOSE: &str = "align manifest";
/// Longest manifest that is read, in bytes.
const LONGEST: u64 = 1 << 20;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    /// What the folder is, with the version of its form.
    form: String,
    files: Vec<ListedFile>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ListedFile {
    file: String,
    bytes: u64,
    blake3: String,
}

/// Why a folder is not as it was written.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// It has no manifest.
    #[error("has no {MANIFEST}")]
    Missing,
    /// The manifest is of a folder of another form.
    #[error("has the form \"{found}\", expected \"{expected}\"")]
    Form {
        /// What it says.
        found: String,
        /// What was asked for.
        expected: String,
    },
    /// A file is not what it was.
    #[error("{} {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

/// Writes the digests of all of a folder's files into its [`MANIFEST`]. `form` says what the folder is, and of what version.
///
/// # Errors
/// When the folder has a manifest already or a folder in it, or when the system refuses.
pub fn write_manifest(folder: &Path, form: &str) -> io::Result<()> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).map(str::to_owned);
        let file = name.ok_or_else(|| io::Error::new(ErrorKind::InvalidData, "a file's name is no text"))?;
        let found = file_digest(&path, u64::MAX)?;
        files.push(ListedFile { file, bytes: found.bytes, blake3: found.blake3 });
    }
    files.sort_by(|a, b| a.file.cmp(&b.file));
    let line = seal(PURPOSE, &Manifest { form: form.to_owned(), files })?;
    write_file(&folder.join(MANIFEST), false, |file| writeln!(file, "{line}"))
}

/// Checks that every file of the manifest is as it was when [`write_manifest`] saw it. Files that the manifest does not name are
/// none of its business.
///
/// # Errors
/// The first file that is missing, of another size or of other bytes, or a manifest that is itself damaged or of another form.
pub fn check_manifest(folder: &Path, form: &str) -> Result<(), ManifestError> {
    let path = folder.join(MANIFEST);
    let fail = |path: &Path, reason: String| ManifestError::File { path: path.to_owned(), reason };
    let bytes = match fs::metadata(&path) {
        Err(e) if e.kind() == ErrorKind::NotFound => return Err(ManifestError::Missing),
        Ok(found) if found.len() > LONGEST => return Err(fail(&path, "is damaged: it is too long".to_owned())),
        _ => fs::read(&path).map_err(|e| fail(&path, format!("cannot be read: {e}")))?,
    };
    let line = bytes.strip_suffix(b"\n").ok_or_else(|| fail(&path, "is damaged: its end is missing".to_owned()))?;
    let manifest: Manifest = unseal(PURPOSE, line).map_err(|e| fail(&path, format!("is damaged: {e}")))?;
    if manifest.form != form {
        return Err(ManifestError::Form { found: manifest.form, expected: form.to_owned() });
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
    fn a_folder_is_as_it_was_written_or_its_damaged_file_is_named() {
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
    fn what_is_missing_or_of_another_form_is_told() {
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
