use crate::HubError;
use std::io::{self, ErrorKind};
use std::time::Duration;

/// A failed request, and whether it may be retried.
#[derive(Debug)]
pub(crate) struct RequestError {
    pub error: HubError,
    pub retry: RetryRule,
}

/// Whether a failed request may be retried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RetryRule {
    /// No: it would fail again.
    Never,
    /// No connection was made: retry only if one succeeded before.
    IfConnectedBefore,
    /// Yes, after the delay that the server requested, if any.
    After(Option<Duration>),
}

impl From<HubError> for RequestError {
    fn from(error: HubError) -> Self {
        Self { error, retry: RetryRule::Never }
    }
}

impl RequestError {
    /// A request to `url` without a response, or with an incomplete one.
    pub(crate) fn transport(url: &str, error: ureq::Error) -> Self {
        let (remedy, retry) = match &error {
            ureq::Error::HostNotFound => (NO_HOST, RetryRule::IfConnectedBefore),
            ureq::Error::ConnectProxyFailed(_) | ureq::Error::InvalidProxyUrl => (PROXY, RetryRule::IfConnectedBefore),
            ureq::Error::Tls(_) | ureq::Error::Rustls(_) => (TLS, RetryRule::Never),
            ureq::Error::Timeout(_) => (TOO_SLOW, RetryRule::After(None)),
            ureq::Error::ConnectionFailed => (NO_NETWORK, RetryRule::IfConnectedBefore),
            ureq::Error::Io(error) => io_remedy(error),
            ureq::Error::Protocol(_) | ureq::Error::LargeResponseHeader(..) => (NOT_HTTP, RetryRule::After(None)),
            _ => (NO_NETWORK, RetryRule::Never),
        };
        let error = HubError::Unreachable { url: url.to_owned(), reason: reason(&error), remedy };
        Self { error, retry }
    }

    /// If a proxy is used, a failed connection is one to the proxy.
    pub(crate) fn via_proxy(self) -> Self {
        match self {
            Self { error: HubError::Unreachable { url, reason, .. }, retry: RetryRule::IfConnectedBefore } => Self {
                error: HubError::Unreachable { url, reason, remedy: PROXY },
                retry: RetryRule::IfConnectedBefore,
            },
            other => other,
        }
    }
}

const NO_HOST: &str =
    "check the network and the name in HF_ENDPOINT; if the model is in the cache, set HF_HUB_OFFLINE=1";
const NO_NETWORK: &str = "check the network and HF_ENDPOINT; if the model is in the cache, set HF_HUB_OFFLINE=1";
const PROXY: &str = "check the proxy in HTTPS_PROXY, HTTP_PROXY or ALL_PROXY, and NO_PROXY";
const TLS: &str = "check the clock and the system's certificates; SSL_CERT_FILE adds those of a company's proxy";
const TOO_SLOW: &str = "the connection is too slow or broken: try again, or raise HF_HUB_DOWNLOAD_TIMEOUT and HF_HUB_ETAG_TIMEOUT (seconds)";
const BROKEN: &str = "the connection broke: try again; the partial download is kept";
const NOT_HTTP: &str = "the server does not speak valid HTTP: check HF_ENDPOINT and the proxy";

fn io_remedy(error: &io::Error) -> (&'static str, RetryRule) {
    // The standard library has no error kind for failed name resolution.
    if error.to_string().starts_with("failed to lookup address") {
        return (NO_HOST, RetryRule::IfConnectedBefore);
    }
    match error.kind() {
        ErrorKind::ConnectionRefused | ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => {
            (NO_NETWORK, RetryRule::IfConnectedBefore)
        }
        // Errors of rustls are wrapped in this kind.
        ErrorKind::InvalidData => (TLS, RetryRule::Never),
        ErrorKind::TimedOut | ErrorKind::WouldBlock => (TOO_SLOW, RetryRule::After(None)),
        _ => (BROKEN, RetryRule::After(None)),
    }
}

fn reason(error: &ureq::Error) -> String {
    match error {
        ureq::Error::HostNotFound => "unknown host name".to_owned(),
        ureq::Error::Timeout(what) => format!("timed out ({what})"),
        ureq::Error::Io(error) => error.to_string(),
        ureq::Error::Rustls(error) => format!("TLS error: {error}"),
        other => other.to_string(),
    }
}
