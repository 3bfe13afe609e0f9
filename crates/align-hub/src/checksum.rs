use crate::etag::{Etag, EtagKind};
use sha1::Sha1;
use sha2::{Digest, Sha256};
use std::io::{self, Read};

const BUFFER_BYTES: usize = 256 << 10;

/// Computes the checksum of a content incrementally, for comparison with its etag.
pub(crate) struct Checksum {
    state: State,
}

enum State {
    Sha256(Box<Sha256>),
    GitSha1(Box<Sha1>),
    Opaque,
}

impl Checksum {
    /// Starts a checksum for a content of `size` bytes. Git's checksum begins with the size.
    pub(crate) fn new(kind: EtagKind, size: u64) -> Self {
        let state = match kind {
            EtagKind::Sha256 => State::Sha256(Box::default()),
            EtagKind::GitSha1 => State::GitSha1(Box::new(Sha1::new_with_prefix(format!("blob {size}\0")))),
            EtagKind::Opaque => State::Opaque,
        };
        Self { state }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        match &mut self.state {
            State::Sha256(hash) => hash.update(bytes),
            State::GitSha1(hash) => hash.update(bytes),
            State::Opaque => {}
        }
    }

    /// Adds everything that `reader` returns.
    pub(crate) fn update_from(&mut self, reader: &mut dyn Read) -> io::Result<u64> {
        let mut buffer = vec![0; BUFFER_BYTES];
        let mut taken = 0;
        loop {
            match reader.read(&mut buffer) {
                Ok(0) => return Ok(taken),
                Ok(read) => {
                    self.update(buffer.get(..read).unwrap_or_default());
                    taken += read as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// The checksum in hexadecimal; `None` for an opaque etag.
    pub(crate) fn finish(self) -> Option<String> {
        match self.state {
            State::Sha256(hash) => Some(hex(&hash.finalize())),
            State::GitSha1(hash) => Some(hex(&hash.finalize())),
            State::Opaque => None,
        }
    }

    /// The checksum if it differs from `etag`.
    pub(crate) fn mismatch(self, etag: &Etag) -> Option<String> {
        self.finish().filter(|found| !found.eq_ignore_ascii_case(etag.as_str()))
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn checksums_match_git_and_sha256sum() {
        let of = |kind, content: &[u8]| {
            let mut checksum = Checksum::new(kind, content.len() as u64);
            checksum.update_from(&mut &*content).unwrap();
            checksum.finish()
        };
        // `printf 'hello\n' | git hash-object --stdin`, `printf 'hello\n' | sha256sum`.
        assert_eq!(of(EtagKind::GitSha1, b"hello\n").unwrap(), "ce013625030ba8dba906f756967f9e9ca394464a");
        let sha256 = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";
        assert_eq!(of(EtagKind::Sha256, b"hello\n").unwrap(), sha256);
        assert_eq!(of(EtagKind::Opaque, b"hello\n"), None);
        let upper = Etag::parse(&sha256.to_uppercase()).unwrap();
        let mut checksum = Checksum::new(upper.kind(), 6);
        checksum.update(b"hello\n");
        assert_eq!(checksum.mismatch(&upper), None);
    }
}
