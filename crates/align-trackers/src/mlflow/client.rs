//! Requests to MLflow's REST interface.

use super::MlflowSettings;
use align_base::printable_line;
use serde_json::Value;
use std::io::Read;
use std::time::Duration;
use ureq::http::{Request, header};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Body, SendBody};

/// Time for a whole request, so that one to a server that hangs ends too.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Time to connect.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Most bytes of an answer. The metrics of a run are the longest.
const MAX_ANSWER: u64 = 16 << 20;
/// Most characters of a message of the server that are repeated.
const MAX_MESSAGE: usize = 300;

/// A client of a tracking server.
#[derive(Debug)]
pub(super) struct Client {
    agent: Agent,
    settings: MlflowSettings,
}

/// A request that failed.
#[derive(Debug)]
pub(super) struct Failure {
    /// MLflow's code, such as `RESOURCE_DOES_NOT_EXIST`, if the server gave one.
    pub code: String,
    /// The reason, for a message.
    pub reason: String,
}

impl Client {
    pub fn new(settings: MlflowSettings) -> Self {
        let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
        let mut agent = Agent::config_builder()
            .tls_config(tls)
            .user_agent(concat!("align-trackers/", env!("CARGO_PKG_VERSION")))
            .http_status_as_error(false)
            // A login must not be sent to another server.
            .max_redirects(0)
            .timeout_global(Some(TIMEOUT))
            .timeout_connect(Some(CONNECT_TIMEOUT));
        if settings.is_loopback() {
            // A proxy would resolve the loopback address to itself.
            agent = agent.proxy(None);
        }
        Self { agent: agent.build().into(), settings }
    }

    pub fn settings(&self) -> &MlflowSettings {
        &self.settings
    }

    /// Sends `body` to an endpoint such as `runs/create`.
    pub fn post(&self, endpoint: &str, body: &Value) -> Result<Value, Failure> {
        let bytes = body.to_string().into_bytes();
        let request = self.request("POST", endpoint).header(header::CONTENT_TYPE, "application/json");
        let request = request.header(header::CONTENT_LENGTH, bytes.len());
        let mut reader = bytes.as_slice();
        let request = request.body(SendBody::from_reader(&mut reader)).map_err(|e| Failure::transport(&e.into()))?;
        self.answer(self.agent.run(request))
    }

    /// Asks an endpoint with a query, which is already encoded.
    pub fn get(&self, endpoint_and_query: &str) -> Result<Value, Failure> {
        let request = self.request("GET", endpoint_and_query).body(()).map_err(|e| Failure::transport(&e.into()))?;
        self.answer(self.agent.run(request))
    }

    fn request(&self, method: &str, endpoint: &str) -> ureq::http::request::Builder {
        let uri = format!("{}/api/2.0/mlflow/{endpoint}", self.settings.tracking_uri);
        let request = Request::builder().method(method).uri(uri);
        match &self.settings.authorization {
            Some(login) => request.header(header::AUTHORIZATION, login),
            None => request,
        }
    }

    fn answer(&self, response: Result<ureq::http::Response<Body>, ureq::Error>) -> Result<Value, Failure> {
        let (head, mut body) = response.map_err(|e| Failure::transport(&e))?.into_parts();
        let mut text = String::new();
        let read = body.as_reader().take(MAX_ANSWER).read_to_string(&mut text);
        let json: Option<Value> = serde_json::from_str(&text).ok();
        let status = head.status.as_u16();
        if head.status.is_success() {
            let reason = || match &read {
                Err(e) => format!("its answer cannot be read: {e}"),
                Ok(_) => "its answer is not JSON, so it is not an MLflow server".to_owned(),
            };
            return json.ok_or_else(|| Failure { code: String::new(), reason: reason() });
        }
        let field = |name: &str| json.as_ref().and_then(|json| json.get(name)).and_then(Value::as_str);
        let message = field("message").unwrap_or(text.trim());
        let shown = printable_line(&message.chars().take(MAX_MESSAGE).collect::<String>());
        let reason = if shown.is_empty() { format!("status {status}") } else { format!("status {status}: {shown}") };
        Err(Failure { code: field("error_code").unwrap_or_default().to_owned(), reason })
    }
}

impl Failure {
    fn transport(error: &ureq::Error) -> Self {
        Self { code: String::new(), reason: printable_line(&error.to_string()) }
    }

    /// An answer without a field that it should have.
    pub fn without(field: &str) -> Self {
        Self { code: String::new(), reason: format!("its answer has no {field}") }
    }
}
