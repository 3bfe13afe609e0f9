/// Most characters of an etag.
const MAX_CHARS: usize = 128;

/// The etag of a file: the name of its blob in the cache, and usually its checksum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Etag {
    text: String,
}

/// The kind of checksum that an etag is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EtagKind {
    /// SHA-256 of the content, for files in LFS.
    Sha256,
    /// Git's SHA-1 of a header with the length and the content, for regular files.
    GitSha1,
    /// Not a checksum. Mirrors may use their own etags.
    Opaque,
}

impl Etag {
    /// Parses a strong or weak etag; `None` if it is not safe as a file name.
    pub(crate) fn parse(header: &str) -> Option<Self> {
        let text = header.trim().trim_start_matches("W/").trim_matches('"');
        // Dots are not allowed: they could form `..` or the suffix of a partial download.
        let safe = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        (safe && !text.is_empty() && text.len() <= MAX_CHARS).then(|| Self { text: text.to_owned() })
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
    fn an_etag_that_is_not_safe_as_a_file_name_is_rejected() {
        for hostile in ["", "\"\"", "../../x", "\"..\"", "a/b", "a\\b", "x.incomplete", "a b", "ä", &"a".repeat(129)] {
            assert_eq!(Etag::parse(hostile), None, "{hostile:?}");
        }
    }
}
