use crate::url::Url;
use std::time::Duration;
use ureq::http::Method;

/// A request without a body, or with one short enough to keep.
pub(crate) struct Request<'a> {
    pub method: Method,
    pub url: Url,
    pub headers: Vec<(&'static str, String)>,
    pub body: Option<&'a [u8]>,
    /// Until a connection is there, and between the parts that are sent.
    pub timeout: Duration,
    /// Until the answer begins, and between its parts.
    pub answer_timeout: Duration,
    /// A redirect that already says what the file is answers the question; it is not followed.
    pub metadata: bool,
}

impl<'a> Request<'a> {
    pub(crate) fn new(method: Method, url: Url, timeout: Duration) -> Self {
        Self { method, url, headers: Vec::new(), body: None, timeout, answer_timeout: timeout, metadata: false }
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn body(mut self, body: &'a [u8]) -> Self {
        self.body = Some(body);
        self
    }
}
