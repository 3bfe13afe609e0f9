use crate::cache::is_commit;
use crate::http::Http;
use crate::refusal::{self, Asked};
use crate::request::Request;
use crate::retry::Retries;
use crate::trouble::Trouble;
use crate::url::{encoded, encoded_path};
use crate::{HubConfig, ModelName, Result};
use serde::Deserialize;
use ureq::http::Method;

/// More than the hub's largest repositories need.
const MOST_BYTES: u64 = 16 << 20;

/// A revision of a repository as the hub describes it.
#[derive(Debug)]
pub(crate) struct Listing {
    pub commit: String,
    /// Names as the hub gives them: not to be trusted.
    pub files: Vec<String>,
    /// The repository's name now, should it have been renamed.
    pub repo: Option<String>,
}

#[derive(Deserialize)]
struct Described {
    sha: Option<String>,
    #[serde(default)]
    siblings: Vec<Sibling>,
    id: Option<String>,
}

#[derive(Deserialize)]
struct Sibling {
    rfilename: String,
}

/// Asks the hub which commit a revision is and what files it has. The first request of all: where nothing answers, it
/// says so at once.
pub(crate) fn fetch(http: &Http, config: &HubConfig, model: &ModelName) -> Result<Listing> {
    let (repo, revision) = (encoded_path(model.repo().as_str()), encoded(model.revision()));
    let url = http.at(&format!("/api/models/{repo}/revision/{revision}"))?;
    let request = Request::new(Method::GET, url, config.etag_timeout);
    Retries::quick(&config.retries).run(|| {
        let answer = http.send(&request)?;
        if !answer.is_success() {
            return Err(refusal::trouble(http, answer, Asked::Listing(model)));
        }
        let no_commit = answer.malformed("it gives no commit of 40 hexadecimal digits for the revision");
        let described: Described = answer.json(MOST_BYTES)?;
        let commit = described.sha.filter(|sha| is_commit(sha)).ok_or_else(|| Trouble::from(no_commit))?;
        let files = described.siblings.into_iter().map(|sibling| sibling.rfilename).collect();
        Ok(Listing { commit, files, repo: described.id })
    })
}
