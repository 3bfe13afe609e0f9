use crate::refusal;
use crate::trouble::Trouble;
use crate::url::Url;
use crate::{HubConfig, HubError, Result, Token};
use std::io::Read;
use std::time::Duration;
use ureq::http::{HeaderMap, Method, Request as HttpRequest, header};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Body, SendBody};

const MOST_REDIRECTS: usize = 10;
/// A body that only says what went wrong.
const MOST_COMPLAINT_BYTES: u64 = 64 << 10;

/// Makes requests: redirects by its own rules, the token for the hub alone.
pub(crate) struct Http {
    agent: Agent,
    endpoint: Url,
    token: Option<Token>,
}

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

/// What came back: the head read, the body still to come.
pub(crate) struct Answer {
    pub status: u16,
    pub url: Url,
    headers: HeaderMap,
    body: Body,
}

impl Http {
    pub(crate) fn new(config: &HubConfig) -> Result<Self> {
        let endpoint = Url::parse(&config.endpoint).filter(|_| !config.endpoint.contains(['?', '#']));
        let Some(endpoint) = endpoint else {
            let value = config.endpoint.clone();
            let expected = "an address such as https://huggingface.co, without a user's name or a query";
            return Err(HubError::Setting { setting: "HF_ENDPOINT", value, expected });
        };
        let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
        let mut agent = Agent::config_builder()
            .tls_config(tls)
            .user_agent(concat!("align-hub/", env!("CARGO_PKG_VERSION")))
            .http_status_as_error(false)
            .max_redirects(0);
        if endpoint.is_loopback() {
            // A proxy's "this machine" is another one.
            agent = agent.proxy(None);
        }
        Ok(Self { agent: agent.build().into(), endpoint, token: config.token.clone() })
    }

    pub(crate) fn endpoint(&self) -> &Url {
        &self.endpoint
    }

    pub(crate) fn has_token(&self) -> bool {
        self.token.is_some()
    }

    /// The hub's address of `path`, which starts with a slash.
    pub(crate) fn at(&self, path: &str) -> Result<Url> {
        self.endpoint.with_path(path).ok_or_else(|| HubError::Malformed {
            url: self.endpoint.shown(),
            reason: format!("no address can be made for {path:?}"),
        })
    }

    pub(crate) fn is_hub(&self, url: &Url) -> bool {
        self.endpoint.same_origin(url)
    }

    /// `text` without the token, should it be in there.
    pub(crate) fn hide_token(&self, text: &str) -> String {
        self.token.as_ref().map_or_else(|| text.to_owned(), |token| token.hide_in(text))
    }

    /// Makes a request and follows where it leads.
    pub(crate) fn send(&self, request: &Request<'_>) -> std::result::Result<Answer, Trouble> {
        let mut url = request.url.clone();
        for _ in 0..=MOST_REDIRECTS {
            let answer = match request.body {
                Some(mut bytes) => {
                    let length = Some(bytes.len() as u64);
                    self.exchange(request, &url, SendBody::from_reader(&mut bytes), length)?
                }
                None => self.exchange(request, &url, SendBody::none(), None)?,
            };
            if !answer.leads_on(request) {
                return Ok(answer);
            }
            url = answer.next()?;
        }
        let reason = format!("it redirects more than {MOST_REDIRECTS} times");
        Err(HubError::Malformed { url: request.url.shown(), reason }.into())
    }

    /// Sends `length` bytes of `reader`. They cannot be sent twice, so a redirect is not followed.
    pub(crate) fn send_stream(
        &self,
        request: &Request<'_>,
        reader: &mut dyn Read,
        length: u64,
    ) -> std::result::Result<Answer, Trouble> {
        self.exchange(request, &request.url, SendBody::from_reader(reader), Some(length))
    }

    fn exchange(
        &self,
        asked: &Request<'_>,
        url: &Url,
        body: SendBody<'_>,
        length: Option<u64>,
    ) -> std::result::Result<Answer, Trouble> {
        let mut request = HttpRequest::builder().method(&asked.method).uri(url.full());
        for (name, value) in &asked.headers {
            request = request.header(*name, value);
        }
        if let Some(length) = length {
            request = request.header(header::CONTENT_LENGTH, length);
        }
        if let Some(token) = self.token.as_ref().filter(|_| self.is_hub(url)) {
            request = request.header(header::AUTHORIZATION, token.header());
        }
        let failed = |error: ureq::Error| Trouble::transport(&url.shown(), error);
        let request = request.body(body).map_err(|error| failed(error.into()))?;
        let request = self
            .agent
            .configure_request(request)
            .timeout_resolve(Some(asked.timeout))
            .timeout_connect(Some(asked.timeout))
            .timeout_recv_response(Some(asked.answer_timeout))
            .timeout_per_read(Some(asked.answer_timeout))
            .timeout_per_write(Some(asked.timeout))
            .build();
        let (head, body) = self.agent.run(request).map_err(failed)?.into_parts();
        Ok(Answer { status: head.status.as_u16(), url: url.clone(), headers: head.headers, body })
    }
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
        self.body.into_reader()
    }

    pub(crate) fn malformed(&self, reason: impl Into<String>) -> HubError {
        HubError::Malformed { url: self.url.shown(), reason: reason.into() }
    }

    /// The whole body, which must not be longer than `most`.
    pub(crate) fn bytes(self, most: u64) -> std::result::Result<Vec<u8>, Trouble> {
        let url = self.url.shown();
        let mut bytes = Vec::new();
        match self.body.into_reader().take(most.saturating_add(1)).read_to_end(&mut bytes) {
            Ok(length) if length as u64 > most => {
                Err(HubError::Malformed { url, reason: format!("it sends more than {most} bytes") }.into())
            }
            Ok(_) => Ok(bytes),
            Err(error) => Err(Trouble::transport(&url, error.into())),
        }
    }

    /// The body as JSON.
    pub(crate) fn json<T: serde::de::DeserializeOwned>(self, most: u64) -> std::result::Result<T, Trouble> {
        let url = self.url.shown();
        let bytes = self.bytes(most)?;
        serde_json::from_slice(&bytes).map_err(|error| {
            HubError::Malformed { url, reason: format!("its JSON is not what was expected: {error}") }.into()
        })
    }

    /// What the server says about its refusal, from the header or else the body.
    pub(crate) fn complaint(&mut self) -> Option<String> {
        if let Some(words) = self.header("x-error-message") {
            return Some(words.to_owned());
        }
        let mut body = Vec::new();
        // A complaint that cannot be read says nothing.
        self.body.as_reader().take(MOST_COMPLAINT_BYTES).read_to_end(&mut body).ok()?;
        refusal::words_of_body(&body)
    }

    fn leads_on(&self, request: &Request<'_>) -> bool {
        let keeps_method = matches!(self.status, 307 | 308);
        let redirects = keeps_method || (request.body.is_none() && matches!(self.status, 301..=303));
        redirects && !(request.metadata && self.header("x-linked-etag").is_some())
    }

    fn next(&self) -> Result<Url> {
        let next = self.header("location").and_then(|location| self.url.join(location));
        let next = next.ok_or_else(|| self.malformed("it redirects, but not to an address that can be followed"))?;
        if self.url.is_https() && !next.is_https() {
            return Err(self.malformed("it redirects from https to http, which is not followed"));
        }
        Ok(next)
    }
}
