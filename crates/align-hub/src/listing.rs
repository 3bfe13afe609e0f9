use crate::cache::is_commit;
use crate::http::Http;
use crate::request::Request;
use crate::request_error::RequestError;
use crate::response_error::{self, RequestKind};
use crate::retry::Retries;
use crate::url::{encode_path, encode_segment};
use crate::{HubConfig, ModelName, Result};
use serde::Deserialize;
use ureq::http::Method;

/// More than the largest repositories on the hub need.
const MAX_BYTES: u64 = 16 << 20;

/// A revision of a repository: its commit and files.
#[derive(Debug)]
pub(crate) struct Listing {
    pub commit: String,
    /// File names as returned by the hub. They are not validated yet.
    pub files: Vec<String>,
    /// The repository's current name, in case it was renamed.
    pub repo: Option<String>,
}

#[derive(Deserialize)]
struct RepoInfo {
    sha: Option<String>,
    #[serde(default)]
    siblings: Vec<Sibling>,
    id: Option<String>,
}

#[derive(Deserialize)]
struct Sibling {
    rfilename: String,
}

/// Fetches the commit and file names of a revision. This is the first request, so a connection failure is reported
/// without retries.
pub(crate) fn fetch(http: &Http, config: &HubConfig, model: &ModelName) -> Result<Listing> {
    let (repo, revision) = (encode_path(model.repo().as_str()), encode_segment(model.revision()));
    let kind = model.repo().kind().plural();
    let url = http.url(&format!("/api/{kind}/{repo}/revision/{revision}"))?;
    let request = Request::new(Method::GET, url, config.etag_timeout);
    Retries::for_first_request(&config.retries).run(|| {
        let response = http.send(&request)?;
        if !response.is_success() {
            return Err(response_error::from_response(http, response, RequestKind::Listing(model)));
        }
        let no_commit = response.malformed("it contains no commit hash of 40 hexadecimal digits for the revision");
        let info: RepoInfo = response.json(MAX_BYTES)?;
        let commit = info.sha.filter(|sha| is_commit(sha)).ok_or_else(|| RequestError::from(no_commit))?;
        let files = info.siblings.into_iter().map(|sibling| sibling.rfilename).collect();
        Ok(Listing { commit, files, repo: info.id })
    })
}
