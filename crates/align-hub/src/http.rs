use crate::answer::Answer;
use crate::pace::Paced;
use crate::request::Request;
use crate::trouble::Trouble;
use crate::url::Url;
use crate::{HubConfig, HubError, Result, Token};
use std::io::Read;
use ureq::http::{Request as HttpRequest, header};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, SendBody};

const MOST_REDIRECTS: usize = 10;

/// Makes requests: redirects by its own rules, the token for the hub alone.
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
        let mut reader = Paced::new(reader, request.timeout);
        self.exchange(request, &request.url, SendBody::from_reader(&mut reader), Some(length))
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
        let proxied = self.agent.config().proxy().is_some();
        let failed = |error: ureq::Error| {
            let trouble = Trouble::transport(&url.shown(), error);
            if proxied { trouble.by_proxy() } else { trouble }
        };
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
        let (status, token) = (head.status.as_u16(), self.token.clone());
        Ok(Answer { status, url: url.clone(), headers: head.headers, body, patience: asked.answer_timeout, token })
    }
}
