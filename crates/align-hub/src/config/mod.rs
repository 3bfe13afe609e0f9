mod env;

use crate::{RetryPolicy, Token};
use std::path::PathBuf;
use std::time::Duration;

const DEFAULT_ENDPOINT: &str = "https://huggingface.co";
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

/// The hub's address, the token, the cache folder, timeouts and retries.
#[derive(Debug, Clone)]
pub struct HubConfig {
    /// The hub's URL without a trailing slash (`HF_ENDPOINT`).
    pub endpoint: String,
    /// The access token (`HF_TOKEN`, or the file that `hf auth login` writes).
    pub token: Option<Token>,
    /// The cache folder, shared with Python's `huggingface_hub` (`HF_HUB_CACHE`).
    pub cache: PathBuf,
    /// Whether to use the cache only (`HF_HUB_OFFLINE`).
    pub offline: bool,
    /// Timeout of requests for metadata (`HF_HUB_ETAG_TIMEOUT`).
    pub etag_timeout: Duration,
    /// Timeout of transfers without progress (`HF_HUB_DOWNLOAD_TIMEOUT`).
    pub download_timeout: Duration,
    /// How failed requests are retried.
    pub retries: RetryPolicy,
}

impl HubConfig {
    /// The public hub without a token, with the given cache folder. The environment is not read.
    #[must_use]
    pub fn new(cache: impl Into<PathBuf>) -> Self {
        Self {
            endpoint: DEFAULT_ENDPOINT.to_owned(),
            token: None,
            cache: cache.into(),
            offline: false,
            etag_timeout: DEFAULT_TIMEOUT,
            download_timeout: DEFAULT_TIMEOUT,
            retries: RetryPolicy::default(),
        }
    }
}
