use super::Commit;
use crate::answer::Answer;
use crate::http::Http;
use crate::listing;
use crate::refusal::{self, Asked};
use crate::request::Request;
use crate::retry::Retries;
use crate::trouble::Trouble;
use crate::url::{Url, encoded, encoded_path};
use crate::{HubConfig, HubError, RepoName, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::time::Duration;
use ureq::http::Method;

/// More than any answer on the way of an upload.
const MOST_ANSWER_BYTES: u64 = 16 << 20;
/// A service thinks longer about what it was sent than about what it is asked.
pub(super) const ANSWER_TIMEOUT: Duration = Duration::from_secs(300);
/// Where addresses lead that were not made for a mirror.
const PUBLIC_HUB: &str = "https://huggingface.co";

/// The hub as the place to upload to.
pub(super) struct Service<'a> {
    pub http: &'a Http,
    pub config: &'a HubConfig,
    pub repo: RepoName,
    pub revision: &'a str,
}

impl Service<'_> {
    /// The address of `what` about this repository and revision.
    pub(super) fn revision_url(&self, what: &str) -> Result<Url> {
        let repo = encoded_path(self.repo.as_str());
        self.http.at(&format!("/api/models/{repo}/{what}/{}", encoded(self.revision)))
    }

    /// An address that the hub gave, led to the mirror in use should it be the public hub's.
    pub(super) fn given_url(&self, from: &Url, href: &str) -> Result<Url> {
        if let Some(path) = href.strip_prefix(PUBLIC_HUB).filter(|path| path.starts_with('/')) {
            return self.http.at(path);
        }
        Url::parse(href).ok_or_else(|| HubError::Malformed {
            url: from.shown(),
            reason: "it gives an address for an upload that is none".to_owned(),
        })
    }

    pub(super) fn post<T: DeserializeOwned>(&self, url: Url, body: &impl Serialize) -> Result<T> {
        self.post_bytes(url, "application/json", &self.json(body)?, |answer| answer.json(MOST_ANSWER_BYTES))
    }

    pub(super) fn post_bytes<T>(
        &self,
        url: Url,
        content_type: &str,
        body: &[u8],
        mut read: impl FnMut(Answer) -> std::result::Result<T, Trouble>,
    ) -> Result<T> {
        let mut request = Request::new(Method::POST, url, self.config.download_timeout)
            .header("content-type", content_type)
            .body(body);
        if content_type.contains("git-lfs") {
            request = request.header("accept", content_type);
        }
        request.answer_timeout = ANSWER_TIMEOUT;
        Retries::patient(&self.config.retries).run(|| read(self.accepted(self.http.send(&request)?)?))
    }

    pub(super) fn json(&self, body: &impl Serialize) -> Result<Vec<u8>> {
        serde_json::to_vec(body)
            .map_err(|error| HubError::Upload { repo: self.repo.to_string(), reason: error.to_string() })
    }

    /// The answer, if it is not a refusal.
    pub(super) fn accepted(&self, answer: Answer) -> std::result::Result<Answer, Trouble> {
        match answer.is_success() {
            true => Ok(answer),
            false => Err(refusal::trouble(self.http, answer, Asked::Upload(&self.repo, self.revision))),
        }
    }

    /// The commit that the revision is at.
    pub(super) fn last_commit(&self) -> Result<Commit> {
        let model = self.repo.clone().at(self.revision)?;
        self.commit(listing::fetch(self.http, self.config, &model)?.commit)
    }

    /// A commit with its page.
    pub(super) fn commit(&self, oid: String) -> Result<Commit> {
        let url = self.http.at(&format!("/{}/commit/{oid}", self.repo))?.shown();
        Ok(Commit { oid, url })
    }
}
