use crate::pace::Paced;
use crate::request::Request;
use crate::trouble::Trouble;
use crate::url::Url;
use crate::words::{shown, words_of_body};
use crate::{HubError, Result, Token};
use std::io::Read;
use std::time::Duration;
use ureq::Body;
use ureq::http::HeaderMap;

/// A body that only says what went wrong.
const MOST_COMPLAINT_BYTES: u64 = 64 << 10;

/// What came back: the head read, the body still to come.
pub(crate) struct Answer {
    pub status: u16,
    pub url: Url,
    pub headers: HeaderMap,
    pub body: Body,
    /// How long the body may take without getting any further.
    pub patience: Duration,
    /// Kept to be left out of whatever is told about the answer.
    pub token: Option<Token>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    pub(crate) fn number(&self, name: &str) -> Option<u64> {
        self.header(name)?.trim().parse().ok()
    }

    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    pub(crate) fn reader(self) -> impl Read {
        Paced::new(self.body.into_reader(), self.patience)
    }

    /// An error about this answer. What it quotes of the answer is made harmless.
    pub(crate) fn malformed(&self, reason: impl AsRef<str>) -> HubError {
        HubError::Malformed { url: self.url.shown(), reason: shown(&self.without_token(reason.as_ref())) }
    }

    fn without_token(&self, text: &str) -> String {
        self.token.as_ref().map_or_else(|| text.to_owned(), |token| token.hide_in(text))
    }

    /// The body, which must not be longer than `most`, as JSON.
    pub(crate) fn json<T: serde::de::DeserializeOwned>(mut self, most: u64) -> std::result::Result<T, Trouble> {
        let mut bytes = Vec::new();
        let body = Paced::new(self.body.as_reader(), self.patience);
        let read = body.take(most.saturating_add(1)).read_to_end(&mut bytes);
        match read {
            Ok(length) if length as u64 > most => {
                Err(self.malformed(format!("it sends more than {most} bytes")).into())
            }
            Ok(_) => serde_json::from_slice(&bytes)
                .map_err(|error| self.malformed(format!("its JSON is not what was expected: {error}")).into()),
            Err(error) => Err(Trouble::transport(&self.url.shown(), error.into())),
        }
    }

    /// What the server says about its refusal, from the header or else the body; never the token.
    pub(crate) fn complaint(&mut self) -> Option<String> {
        if let Some(words) = self.header("x-error-message") {
            return Some(self.without_token(words));
        }
        let mut body = Vec::new();
        // A complaint that cannot be read says nothing.
        let reader = Paced::new(self.body.as_reader(), self.patience);
        reader.take(MOST_COMPLAINT_BYTES).read_to_end(&mut body).ok()?;
        words_of_body(&body).map(|words| self.without_token(&words))
    }

    /// Whether this answer to `request` is only the way to another.
    pub(crate) fn leads_on(&self, request: &Request<'_>) -> bool {
        let keeps_method = matches!(self.status, 307 | 308);
        let redirects = keeps_method || (request.body.is_none() && matches!(self.status, 301..=303));
        redirects && !(request.metadata && self.is_metadata())
    }

    fn is_metadata(&self) -> bool {
        self.header("x-linked-etag").is_some() && self.header("x-repo-commit").is_some()
    }

    /// Where it leads.
    pub(crate) fn next(&self) -> Result<Url> {
        let next = self.header("location").and_then(|location| self.url.join(location));
        let next = next.ok_or_else(|| self.malformed("it redirects, but not to an address that can be followed"))?;
        if self.url.is_https() && !next.is_https() {
            return Err(self.malformed("it redirects from https to http, which is not followed"));
        }
        Ok(next)
    }
}
