/// The most characters of an etag that is no checksum.
const MOST_CHARS: usize = 128;

/// What the hub calls a file's content: its name in the cache's `blobs`, and mostly its checksum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Etag {
    text: String,
}

/// Which checksum an etag is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EtagKind {
    /// Of a file in large file storage: SHA-256 of the content.
    Sha256,
    /// Of a file in git: SHA-1 of a header with the length, and the content.
    GitSha1,
    /// None: a mirror may name contents in its own way.
    Opaque,
}

impl Etag {
    /// The etag of a header, strong or weak; `None` if it could not safely name a file.
    pub(crate) fn parse(header: &str) -> Option<Self> {
        let text = header.trim().trim_start_matches("W/").trim_matches('"');
        // No dot: neither `..` nor something that ends like a partial download.
        let safe = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        (safe && !text.is_empty() && text.len() <= MOST_CHARS).then(|| Self { text: text.to_owned() })
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    pub(crate) fn kind(&self) -> EtagKind {
        let is_hex = self.text.bytes().all(|byte| byte.is_ascii_hexdigit());
        match self.text.len() {
            64 if is_hex => EtagKind::Sha256,
            40 if is_hex => EtagKind::GitSha1,
            _ => EtagKind::Opaque,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn strong_and_weak_etags_and_their_kinds() {
        let sha256 = "a".repeat(64);
        assert_eq!(Etag::parse(&format!("\"{sha256}\"")).unwrap().kind(), EtagKind::Sha256);
        assert_eq!(Etag::parse(&format!("W/\"{}\"", "0".repeat(40))).unwrap().kind(), EtagKind::GitSha1);
        let opaque = Etag::parse("\"5d41402a-12\"").unwrap();
        assert_eq!((opaque.as_str(), opaque.kind()), ("5d41402a-12", EtagKind::Opaque));
    }

    #[test]
    fn an_etag_that_is_no_file_name_is_refused() {
        for hostile in ["", "\"\"", "../../x", "\"..\"", "a/b", "a\\b", "x.incomplete", "a b", "ä", &"a".repeat(129)] {
            assert_eq!(Etag::parse(hostile), None, "{hostile:?}");
        }
    }
}
