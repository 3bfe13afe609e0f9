use crate::url::Url;
use std::time::Duration;
use ureq::http::Method;

/// A request without a body, or with a body short enough to be kept in memory.
pub(crate) struct Request<'a> {
    pub method: Method,
    pub url: Url,
    pub headers: Vec<(&'static str, String)>,
    pub body: Option<&'a [u8]>,
    /// Timeout for connecting and for sending.
    pub timeout: Duration,
    /// Timeout for receiving the response.
    pub response_timeout: Duration,
    /// A redirect that carries the file's metadata is not followed.
    pub metadata: bool,
}

impl<'a> Request<'a> {
    pub(crate) fn new(method: Method, url: Url, timeout: Duration) -> Self {
        Self { method, url, headers: Vec::new(), body: None, timeout, response_timeout: timeout, metadata: false }
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
