use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use ureq::http::Uri;

/// Characters of a path segment that are not percent-encoded.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// An HTTP URL, split into the parts needed for redirects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Url {
    scheme: String,
    host: String,
    port: u16,
    /// The path and the query.
    rest: String,
}

impl Url {
    /// Parses an absolute http(s) URL; `None` if it is invalid or contains credentials.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let uri: Uri = text.split('#').next()?.parse().ok()?;
        let scheme = uri.scheme_str()?.to_ascii_lowercase();
        let standard = match scheme.as_str() {
            "http" => 80,
            "https" => 443,
            _ => return None,
        };
        let authority = uri.authority()?;
        if authority.as_str().contains('@') || authority.host().is_empty() {
            return None;
        }
        let rest = uri.path_and_query().map_or("/", |rest| rest.as_str()).to_owned();
        let host = authority.host().to_ascii_lowercase();
        Some(Self { scheme, host, port: authority.port_u16().unwrap_or(standard), rest })
    }

    /// Resolves a `Location` header.
    pub(crate) fn join(&self, location: &str) -> Option<Self> {
        if let Some(rest) = location.strip_prefix("//") {
            return Self::parse(&format!("{}://{rest}", self.scheme));
        }
        if location.starts_with('/') {
            return Self::parse(&format!("{}{location}", self.origin()));
        }
        if location.contains("://") {
            return Self::parse(location);
        }
        let path = self.rest.split('?').next()?;
        let (folder, _) = path.rsplit_once('/')?;
        Self::parse(&format!("{}{folder}/{location}", self.origin()))
    }

    /// Appends `path`, which starts with a slash, to the URL's own path.
    pub(crate) fn with_path(&self, path: &str) -> Option<Self> {
        Self::parse(&format!("{}{}{path}", self.origin(), self.rest.trim_end_matches('/')))
    }

    pub(crate) fn same_origin(&self, other: &Self) -> bool {
        (&self.scheme, &self.host, self.port) == (&other.scheme, &other.host, other.port)
    }

    pub(crate) fn is_https(&self) -> bool {
        self.scheme == "https"
    }

    pub(crate) fn is_loopback(&self) -> bool {
        self.host == "localhost" || self.host == "[::1]" || self.host.starts_with("127.")
    }

    /// The full URL. Its query may contain secrets.
    pub(crate) fn full(&self) -> String {
        format!("{}{}", self.origin(), self.rest)
    }

    /// The URL for messages: without the query, which may contain a signature.
    pub(crate) fn without_query(&self) -> String {
        let path = self.rest.split('?').next().unwrap_or_default();
        format!("{}{}", self.origin(), path.trim_end_matches('/'))
    }

    fn origin(&self) -> String {
        match (self.scheme.as_str(), self.port) {
            ("http", 80) | ("https", 443) => format!("{}://{}", self.scheme, self.host),
            (scheme, port) => format!("{scheme}://{}:{port}", self.host),
        }
    }
}

/// Percent-encodes `text` as one path segment, including slashes.
pub(crate) fn encode_segment(text: &str) -> String {
    utf8_percent_encode(text, UNRESERVED).to_string()
}

/// Percent-encodes each segment of `path`.
pub(crate) fn encode_path(path: &str) -> String {
    path.split('/').map(encode_segment).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn redirects_are_resolved_like_in_a_browser() {
        let from = Url::parse("https://Hub.example/a/b?x=1").unwrap();
        let to = |location: &str| from.join(location).unwrap().full();
        assert_eq!(to("/c?d"), "https://hub.example/c?d");
        assert_eq!(to("c"), "https://hub.example/a/c");
        assert_eq!(to("//cdn.example/c"), "https://cdn.example/c");
        assert_eq!(to("http://cdn.example:8080/c#part"), "http://cdn.example:8080/c");
        assert!(from.join("ftp://cdn.example/c").is_none());
        assert!(from.join("https://user:secret@hub.example/c").is_none());
        assert!(from.join("/with space").is_none());
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        let from = Url::parse("https://hub.example/a").unwrap();
        let same = |other: &str| from.same_origin(&Url::parse(other).unwrap());
        assert!(same("https://HUB.example:443/b"));
        assert!(!same("http://hub.example/a"));
        assert!(!same("https://hub.example:444/a"));
        assert!(!same("https://cdn.hub.example/a"));
    }

    #[test]
    fn paths_are_appended_to_the_endpoint_and_queries_are_hidden() {
        let endpoint = Url::parse("https://mirror.example/hf/").unwrap();
        assert_eq!(endpoint.with_path("/api/x?y=1").unwrap().full(), "https://mirror.example/hf/api/x?y=1");
        assert_eq!(endpoint.with_path("/api/x?y=1").unwrap().without_query(), "https://mirror.example/hf/api/x");
        assert_eq!(Url::parse("https://hub.example").unwrap().without_query(), "https://hub.example");
        assert_eq!(encode_segment("refs/pr/1 ü"), "refs%2Fpr%2F1%20%C3%BC");
        assert_eq!(encode_path("a b/c?.json"), "a%20b/c%3F.json");
    }
}
