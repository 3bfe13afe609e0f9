//! Fingerprints of files and folders, to detect that one was changed or replaced.

use super::Hasher;
use std::fs::{self, File};
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// Bytes read at each end of a file. This covers small files completely, and is enough to tell weights apart.
const END: u64 = 64 << 10;

/// The fingerprint of the file or folder at `path`. It depends on the names in it, the file sizes, and the ends of the files.
pub(crate) fn of_path(path: &Path) -> io::Result<String> {
    let mut hash = Hasher::new("stamp");
    let mut left = vec![PathBuf::new()];
    while let Some(name) = left.pop() {
        let at = if name.as_os_str().is_empty() { path.to_owned() } else { path.join(&name) };
        let kind = fs::symlink_metadata(&at)?.file_type();
        let what = if kind.is_dir() { "folder" } else { "file" };
        hash.part(format!("{what} {}", name.display()).as_bytes());
        if kind.is_dir() {
            let mut inside =
                fs::read_dir(&at)?.map(|entry| Ok(name.join(entry?.file_name()))).collect::<io::Result<Vec<_>>>()?;
            inside.sort();
            left.extend(inside);
        } else if kind.is_file() {
            let mut file = File::open(&at)?;
            let length = file.metadata()?.len();
            add_ends(&mut hash, &mut file, length)?;
        } else {
            hash.part(b"link or device");
        }
    }
    Ok(hash.digest())
}

/// The fingerprint of a file with these bytes.
pub(crate) fn of_bytes(bytes: &[u8]) -> io::Result<String> {
    let mut hash = Hasher::new("stamp");
    hash.part(b"file ");
    add_ends(&mut hash, &mut Cursor::new(bytes), bytes.len() as u64)?;
    Ok(hash.digest())
}

fn add_ends(hash: &mut Hasher, file: &mut (impl Read + Seek), length: u64) -> io::Result<()> {
    hash.part(&length.to_le_bytes());
    let mut bytes = Vec::new();
    file.by_ref().take(END).read_to_end(&mut bytes)?;
    hash.part(&bytes);
    bytes.clear();
    file.seek(SeekFrom::Start(length.saturating_sub(END)))?;
    file.take(END).read_to_end(&mut bytes)?;
    hash.part(&bytes);
    Ok(())
}
