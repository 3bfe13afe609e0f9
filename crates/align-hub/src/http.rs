use crate::min_speed::MinSpeedReader;
use crate::request::Request;
use crate::request_error::RequestError;
use crate::response::Response;
use crate::url::Url;
use crate::{HubConfig, HubError, Result, Token};
use std::io::Read;
use ureq::http::{Request as HttpRequest, header};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, SendBody};

const MAX_REDIRECTS: usize = 10;

/// The HTTP client. It follows redirects itself and sends the token only to the hub.
pub(crate) struct Http {
    agent: Agent,
    endpoint: Url,
    token: Option<Token>,
}

impl Http {
    pub(crate) fn new(config: &HubConfig) -> Result<Self> {
        let endpoint = Url::parse(&config.endpoint).filter(|_| !config.endpoint.contains(['?', '#']));
        let Some(endpoint) = endpoint else {
            let value = config.endpoint.clone();
            let expected = "a URL such as https://huggingface.co, without user name or query";
            return Err(HubError::Setting { setting: "HF_ENDPOINT", value, expected });
        };
        let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
        let mut agent = Agent::config_builder()
            .tls_config(tls)
            .user_agent(concat!("align-hub/", env!("CARGO_PKG_VERSION")))
            .http_status_as_error(false)
            .max_redirects(0);
        if endpoint.is_loopback() {
            // A proxy would resolve the loopback address to itself.
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

    /// The hub's URL of `path`, which starts with a slash.
    pub(crate) fn url(&self, path: &str) -> Result<Url> {
        self.endpoint.with_path(path).ok_or_else(|| HubError::Malformed {
            url: self.endpoint.without_query(),
            reason: format!("invalid path {path:?}"),
        })
    }

    pub(crate) fn is_hub(&self, url: &Url) -> bool {
        self.endpoint.same_origin(url)
    }

    /// Removes the token from `text`.
    pub(crate) fn redact_token(&self, text: &str) -> String {
        self.token.as_ref().map_or_else(|| text.to_owned(), |token| token.redact_in(text))
    }

    /// Sends a request and follows redirects.
    pub(crate) fn send(&self, request: &Request<'_>) -> std::result::Result<Response, RequestError> {
        let mut url = request.url.clone();
        for _ in 0..=MAX_REDIRECTS {
            let response = match request.body {
                Some(mut bytes) => {
                    let length = Some(bytes.len() as u64);
                    self.exchange(request, &url, SendBody::from_reader(&mut bytes), length)?
                }
                None => self.exchange(request, &url, SendBody::none(), None)?,
            };
            if !response.is_redirect(request) {
                return Ok(response);
            }
            url = response.redirect_url()?;
        }
        let reason = format!("it redirects more than {MAX_REDIRECTS} times");
        Err(HubError::Malformed { url: request.url.without_query(), reason }.into())
    }

    /// Sends `length` bytes of `reader`. They cannot be sent again, so redirects are not followed.
    pub(crate) fn send_stream(
        &self,
        request: &Request<'_>,
        reader: &mut dyn Read,
        length: u64,
    ) -> std::result::Result<Response, RequestError> {
        let mut reader = MinSpeedReader::new(reader, request.timeout);
        self.exchange(request, &request.url, SendBody::from_reader(&mut reader), Some(length))
    }

    fn exchange(
        &self,
        spec: &Request<'_>,
        url: &Url,
        body: SendBody<'_>,
        length: Option<u64>,
    ) -> std::result::Result<Response, RequestError> {
        let mut request = HttpRequest::builder().method(&spec.method).uri(url.full());
        for (name, value) in &spec.headers {
            request = request.header(*name, value);
        }
        if let Some(length) = length {
            request = request.header(header::CONTENT_LENGTH, length);
        }
        if let Some(token) = self.token.as_ref().filter(|_| self.is_hub(url)) {
            request = request.header(header::AUTHORIZATION, token.header());
        }
        let proxied = self.agent.config().proxy().is_some();
        let failed = |error: ureq::Error| {
            let failure = RequestError::transport(&url.without_query(), error);
            if proxied { failure.via_proxy() } else { failure }
        };
        let request = request.body(body).map_err(|error| failed(error.into()))?;
        let request = self
            .agent
            .configure_request(request)
            .timeout_resolve(Some(spec.timeout))
            .timeout_connect(Some(spec.timeout))
            .timeout_recv_response(Some(spec.response_timeout))
            .timeout_per_read(Some(spec.response_timeout))
            .timeout_per_write(Some(spec.timeout))
            .build();
        let (head, body) = self.agent.run(request).map_err(failed)?.into_parts();
        let (status, token) = (head.status.as_u16(), self.token.clone());
        Ok(Response { status, url: url.clone(), headers: head.headers, body, timeout: spec.response_timeout, token })
    }
}
