use crate::HubError;
use std::io::{self, ErrorKind};
use std::time::Duration;

/// A request that failed: why, and whether to make it again.
#[derive(Debug)]
pub(crate) struct Trouble {
    pub error: HubError,
    pub again: Again,
}

/// Whether a failed request is worth making again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Again {
    /// It would fail in the same way.
    Never,
    /// No connection came about: worth it only if one did before.
    IfConnectedBefore,
    /// It may well work, after as long as the server asked for.
    After(Option<Duration>),
}

impl From<HubError> for Trouble {
    fn from(error: HubError) -> Self {
        Self { error, again: Again::Never }
    }
}

impl Trouble {
    /// A request to `url` that got no answer, or an answer that broke off.
    pub(crate) fn transport(url: &str, error: ureq::Error) -> Self {
        let (remedy, again) = match &error {
            ureq::Error::HostNotFound => (NO_HOST, Again::IfConnectedBefore),
            ureq::Error::ConnectProxyFailed(_) | ureq::Error::InvalidProxyUrl => (PROXY, Again::IfConnectedBefore),
            ureq::Error::Tls(_) | ureq::Error::Rustls(_) => (TLS, Again::Never),
            ureq::Error::Timeout(_) => (SLOW, Again::After(None)),
            ureq::Error::ConnectionFailed => (NO_NETWORK, Again::IfConnectedBefore),
            ureq::Error::Io(error) => io_trouble(error),
            ureq::Error::Protocol(_) | ureq::Error::LargeResponseHeader(..) => (NOT_HTTP, Again::After(None)),
            _ => (NO_NETWORK, Again::Never),
        };
        let error = HubError::Unreachable { url: url.to_owned(), reason: reason(&error), remedy };
        Self { error, again }
    }

    /// The same on the way through a proxy, which is then what no connection came about to.
    pub(crate) fn by_proxy(self) -> Self {
        match self {
            Self { error: HubError::Unreachable { url, reason, .. }, again: Again::IfConnectedBefore } => {
                Self { error: HubError::Unreachable { url, reason, remedy: PROXY }, again: Again::IfConnectedBefore }
            }
            other => other,
        }
    }
}

const NO_HOST: &str =
    "check the network and the name in HF_ENDPOINT; with the model in the cache, HF_HUB_OFFLINE=1 uses it";
const NO_NETWORK: &str = "check the network and HF_ENDPOINT; with the model in the cache, HF_HUB_OFFLINE=1 uses it";
const PROXY: &str = "check the proxy in HTTPS_PROXY, HTTP_PROXY or ALL_PROXY, and NO_PROXY";
const TLS: &str = "check the clock and the system's certificates; SSL_CERT_FILE adds those of a company's proxy";
const SLOW: &str = "the connection is too slow or broken: try again, or raise HF_HUB_DOWNLOAD_TIMEOUT and HF_HUB_ETAG_TIMEOUT (seconds)";
const CUT: &str = "the connection broke: try again, what was downloaded is kept";
const NOT_HTTP: &str = "what answers there does not speak HTTP properly: check HF_ENDPOINT and the proxy";

fn io_trouble(error: &io::Error) -> (&'static str, Again) {
    // The standard library has no kind for a name that nobody knows.
    if error.to_string().starts_with("failed to lookup address") {
        return (NO_HOST, Again::IfConnectedBefore);
    }
    match error.kind() {
        ErrorKind::ConnectionRefused | ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => {
            (NO_NETWORK, Again::IfConnectedBefore)
        }
        // What rustls says comes wrapped so.
        ErrorKind::InvalidData => (TLS, Again::Never),
        ErrorKind::TimedOut | ErrorKind::WouldBlock => (SLOW, Again::After(None)),
        _ => (CUT, Again::After(None)),
    }
}

fn reason(error: &ureq::Error) -> String {
    match error {
        ureq::Error::HostNotFound => "no host of that name is known".to_owned(),
        ureq::Error::Timeout(what) => format!("no answer in time ({what})"),
        ureq::Error::Io(error) => error.to_string(),
        ureq::Error::Rustls(error) => format!("no secure connection: {error}"),
        other => other.to_string(),
    }
}
