//! BLAKE3 digests (256 bits, in hex), which identify data and detect damage.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// Bytes of a file read at a time.
const CHUNK: usize = 1 << 18;

/// A digest of several parts.
///
/// ```
/// let mut one = align_base::files::Hasher::new("words");
/// one.part(b"ab").part(b"c");
/// let mut other = align_base::files::Hasher::new("words");
/// other.part(b"a").part(b"bc");
/// assert_ne!(one.digest(), other.digest());
/// ```
#[derive(Debug, Clone)]
pub struct Hasher(blake3::Hasher);

impl Hasher {
    /// Creates a hasher. Equal data hashed for different purposes has different digests.
    #[must_use]
    pub fn new(purpose: &str) -> Self {
        let mut hasher = Self(blake3::Hasher::new());
        hasher.part(purpose.as_bytes());
        hasher
    }

    /// Adds the length of a part and the part, so that the digest also depends on where each part ends.
    pub fn part(&mut self, bytes: &[u8]) -> &mut Self {
        self.bytes(&(bytes.len() as u64).to_le_bytes()).bytes(bytes)
    }

    /// Adds bytes without their length. Use it only if the parts added before determine the length.
    pub fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.update(bytes);
        self
    }

    /// The digest so far, 64 hex digits.
    #[must_use]
    pub fn digest(&self) -> String {
        self.0.finalize().to_hex().to_string()
    }
}

/// The digest of the first bytes of a file. For a whole file it equals the output of `b3sum`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileDigest {
    /// How many bytes there were.
    pub bytes: u64,
    /// 64 hex digits.
    pub blake3: String,
}

/// Computes the digest of the first `most` bytes of a file, or of the whole file if it is shorter.
///
/// # Errors
/// The file cannot be read.
pub fn file_digest(path: &Path, most: u64) -> io::Result<FileDigest> {
    let mut file = File::open(path)?.take(most);
    let (mut hasher, mut buffer, mut bytes) = (blake3::Hasher::new(), vec![0; CHUNK], 0);
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(FileDigest { bytes, blake3: hasher.finalize().to_hex().to_string() }),
            Ok(read) => {
                hasher.update(buffer.get(..read).unwrap_or_default());
                bytes += read as u64;
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// `printf 'hello\n' | b3sum`, and the empty input of BLAKE3's own test vectors.
    #[test]
    fn file_digests_equal_those_of_b3sum() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let empty = "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262";
        assert_eq!(file_digest(file.path(), u64::MAX).unwrap(), FileDigest { bytes: 0, blake3: empty.to_owned() });
        // The test vectors' input of 251 bytes: each byte is its place.
        let counting: Vec<u8> = (0..=250).collect();
        std::fs::write(file.path(), &counting).unwrap();
        let whole = file_digest(file.path(), u64::MAX).unwrap();
        assert_eq!((whole.bytes, whole.blake3.len()), (251, 64));
        std::fs::write(file.path(), [&counting[..], b"more"].concat()).unwrap();
        assert_eq!(file_digest(file.path(), 251).unwrap(), whole);
        assert_ne!(file_digest(file.path(), u64::MAX).unwrap(), whole);
        std::fs::write(file.path(), b"abc").unwrap();
        let abc = "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85";
        assert_eq!(file_digest(file.path(), u64::MAX).unwrap().blake3, abc);
    }

    #[test]
    fn digests_depend_on_the_purpose() {
        assert_ne!(Hasher::new("a").part(b"x").digest(), Hasher::new("b").part(b"x").digest());
        assert_eq!(Hasher::new("a").part(b"x").digest(), Hasher::new("a").part(b"x").digest());
    }
}
