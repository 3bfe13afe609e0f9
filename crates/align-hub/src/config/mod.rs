mod env;

use crate::{RetryPolicy, Token};
use std::path::PathBuf;
use std::time::Duration;

const DEFAULT_ENDPOINT: &str = "https://huggingface.co";
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

/// Where the hub is, who asks, where the cache is and how patient to be.
#[derive(Debug, Clone)]
pub struct HubConfig {
    /// The hub's address, without a path's last slash (`HF_ENDPOINT`).
    pub endpoint: String,
    /// Who asks (`HF_TOKEN`, or the file that `hf auth login` writes).
    pub token: Option<Token>,
    /// The cache that this shares with Python's `huggingface_hub` (`HF_HUB_CACHE`).
    pub cache: PathBuf,
    /// Whether only the cache may be asked (`HF_HUB_OFFLINE`).
    pub offline: bool,
    /// How long an answer about a file or repository may take (`HF_HUB_ETAG_TIMEOUT`).
    pub etag_timeout: Duration,
    /// How long a transfer may stand still (`HF_HUB_DOWNLOAD_TIMEOUT`).
    pub download_timeout: Duration,
    /// How often and how soon a failed request is made again.
    pub retries: RetryPolicy,
}

impl HubConfig {
    /// The public hub, anonymously, with a cache in `cache`; the environment is not asked.
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
