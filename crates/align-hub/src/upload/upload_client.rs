use super::Commit;
use crate::http::Http;
use crate::listing;
use crate::request::Request;
use crate::request_error::RequestError;
use crate::response::Response;
use crate::response_error::{self, RequestKind};
use crate::retry::Retries;
use crate::url::{Url, encode_path, encode_segment};
use crate::{HubConfig, HubError, RepoName, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::time::Duration;
use ureq::http::Method;

/// Larger than any response during an upload.
const MAX_RESPONSE_BYTES: u64 = 16 << 20;
/// The hub needs more time to process an upload than to answer a query.
pub(super) const RESPONSE_TIMEOUT: Duration = Duration::from_secs(300);
/// Mirrors may return URLs of the public hub.
const PUBLIC_HUB: &str = "https://huggingface.co";

/// A client for uploads to one repository and revision.
pub(super) struct UploadClient<'a> {
    pub http: &'a Http,
    pub config: &'a HubConfig,
    pub repo: RepoName,
    pub revision: &'a str,
}

impl UploadClient<'_> {
    /// The API URL of `what` for this repository and revision.
    pub(super) fn revision_url(&self, what: &str) -> Result<Url> {
        let repo = encode_path(self.repo.as_str());
        self.http.url(&format!("/api/models/{repo}/{what}/{}", encode_segment(self.revision)))
    }

    /// Parses a URL returned by the hub. URLs of the public hub are redirected to the configured mirror.
    pub(super) fn resolve_url(&self, from: &Url, href: &str) -> Result<Url> {
        if let Some(path) = href.strip_prefix(PUBLIC_HUB).filter(|path| path.starts_with('/')) {
            return self.http.url(path);
        }
        Url::parse(href).ok_or_else(|| HubError::Malformed {
            url: from.without_query(),
            reason: "it returned an invalid upload URL".to_owned(),
        })
    }

    pub(super) fn post<T: DeserializeOwned>(&self, url: Url, body: &impl Serialize) -> Result<T> {
        self.post_bytes(url, "application/json", &self.json(body)?, |response| response.json(MAX_RESPONSE_BYTES))
    }

    pub(super) fn post_bytes<T>(
        &self,
        url: Url,
        content_type: &str,
        body: &[u8],
        mut read: impl FnMut(Response) -> std::result::Result<T, RequestError>,
    ) -> Result<T> {
        let mut request = Request::new(Method::POST, url, self.config.download_timeout)
            .header("content-type", content_type)
            .body(body);
        if content_type.contains("git-lfs") {
            request = request.header("accept", content_type);
        }
        request.response_timeout = RESPONSE_TIMEOUT;
        Retries::after_connection(&self.config.retries).run(|| read(self.check_status(self.http.send(&request)?)?))
    }

    pub(super) fn json(&self, body: &impl Serialize) -> Result<Vec<u8>> {
        serde_json::to_vec(body)
            .map_err(|error| HubError::Upload { repo: self.repo.to_string(), reason: error.to_string() })
    }

    /// Returns the response if its status is successful.
    pub(super) fn check_status(&self, response: Response) -> std::result::Result<Response, RequestError> {
        match response.is_success() {
            true => Ok(response),
            false => {
                Err(response_error::from_response(self.http, response, RequestKind::Upload(&self.repo, self.revision)))
            }
        }
    }

    /// The revision's latest commit.
    pub(super) fn head_commit(&self) -> Result<Commit> {
        let model = self.repo.clone().at(self.revision)?;
        self.commit(listing::fetch(self.http, self.config, &model)?.commit)
    }

    /// A commit with its page's URL.
    pub(super) fn commit(&self, oid: String) -> Result<Commit> {
        let url = self.http.url(&format!("/{}/commit/{oid}", self.repo))?.without_query();
        Ok(Commit { oid, url })
    }
}
