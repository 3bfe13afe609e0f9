use crate::min_speed::MinSpeedReader;
use crate::request::Request;
use crate::request_error::RequestError;
use crate::server_message::{message_of_body, printable};
use crate::url::Url;
use crate::{HubError, Result, Token};
use std::io::Read;
use std::time::Duration;
use ureq::Body;
use ureq::http::HeaderMap;

/// Largest error body that is read.
const MAX_ERROR_BODY_BYTES: u64 = 64 << 10;

/// A response whose body has not been read yet.
pub(crate) struct Response {
    pub status: u16,
    pub url: Url,
    pub headers: HeaderMap,
    pub body: Body,
    /// How long the body may take without progress.
    pub timeout: Duration,
    /// Kept so that it can be removed from error messages.
    pub token: Option<Token>,
}

impl Response {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    pub(crate) fn header_number(&self, name: &str) -> Option<u64> {
        self.header(name)?.trim().parse().ok()
    }

    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    pub(crate) fn reader(self) -> impl Read {
        MinSpeedReader::new(self.body.into_reader(), self.timeout)
    }

    /// An error about this response. Quoted parts of the response are sanitised.
    pub(crate) fn malformed(&self, reason: impl AsRef<str>) -> HubError {
        HubError::Malformed { url: self.url.without_query(), reason: printable(&self.redact_token(reason.as_ref())) }
    }

    fn redact_token(&self, text: &str) -> String {
        self.token.as_ref().map_or_else(|| text.to_owned(), |token| token.redact_in(text))
    }

    /// Parses the body as JSON. It must not be longer than `most` bytes.
    pub(crate) fn json<T: serde::de::DeserializeOwned>(mut self, most: u64) -> std::result::Result<T, RequestError> {
        let mut bytes = Vec::new();
        let body = MinSpeedReader::new(self.body.as_reader(), self.timeout);
        let read = body.take(most.saturating_add(1)).read_to_end(&mut bytes);
        match read {
            Ok(length) if length as u64 > most => {
                Err(self.malformed(format!("it sends more than {most} bytes")).into())
            }
            Ok(_) => serde_json::from_slice(&bytes)
                .map_err(|error| self.malformed(format!("unexpected JSON: {error}")).into()),
            Err(error) => Err(RequestError::transport(&self.url.without_query(), error.into())),
        }
    }

    /// The server's error message, from the header or else the body, without the token.
    pub(crate) fn error_message(&mut self) -> Option<String> {
        if let Some(message) = self.header("x-error-message") {
            return Some(self.redact_token(message));
        }
        let mut body = Vec::new();
        // If the body cannot be read, there is no message.
        let reader = MinSpeedReader::new(self.body.as_reader(), self.timeout);
        reader.take(MAX_ERROR_BODY_BYTES).read_to_end(&mut body).ok()?;
        message_of_body(&body).map(|message| self.redact_token(&message))
    }

    /// Whether the client must follow a redirect to complete `request`.
    pub(crate) fn is_redirect(&self, request: &Request<'_>) -> bool {
        let keeps_method = matches!(self.status, 307 | 308);
        let redirects = keeps_method || (request.body.is_none() && matches!(self.status, 301..=303));
        redirects && !(request.metadata && self.is_metadata())
    }

    fn is_metadata(&self) -> bool {
        self.header("x-linked-etag").is_some() && self.header("x-repo-commit").is_some()
    }

    /// The redirect's target.
    pub(crate) fn redirect_url(&self) -> Result<Url> {
        let next = self.header("location").and_then(|location| self.url.join(location));
        let next = next.ok_or_else(|| self.malformed("it redirects to an invalid URL"))?;
        if self.url.is_https() && !next.is_https() {
            return Err(self.malformed("it redirects from https to http, which is not followed"));
        }
        Ok(next)
    }
}
