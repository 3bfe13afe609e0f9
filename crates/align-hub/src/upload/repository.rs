use super::service::Service;
use crate::http::Http;
use crate::listing;
use crate::refusal::{self, Asked};
use crate::request::Request;
use crate::retry::Retries;
use crate::{HubConfig, HubError, RepoName, Result};
use serde::{Deserialize, Serialize};
use ureq::http::Method;

const MOST_ACCOUNT_BYTES: u64 = 1 << 20;

#[derive(Deserialize)]
struct Account {
    name: String,
}

#[derive(Serialize)]
struct Creation<'a> {
    r#type: &'static str,
    name: &'a str,
    organization: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    visibility: Option<&'static str>,
}

/// The repository with its owner: where the name has none, the token's account.
pub(super) fn owned(http: &Http, config: &HubConfig, repo: &RepoName) -> Result<RepoName> {
    if repo.namespace().is_some() {
        return Ok(repo.clone());
    }
    let request = Request::new(Method::GET, http.at("/api/whoami-v2")?, config.etag_timeout);
    let account: Account = Retries::quick(&config.retries).run(|| {
        let answer = http.send(&request)?;
        match answer.is_success() {
            true => answer.json(MOST_ACCOUNT_BYTES),
            false => Err(refusal::trouble(http, answer, Asked::Account)),
        }
    })?;
    Ok(format!("{}/{}", account.name, repo.name()).parse()?)
}

/// Creates the repository where there is none; follows it where it was renamed.
pub(super) fn ensure<'a>(service: Service<'a>, private: Option<bool>) -> Result<Service<'a>> {
    // Any repository has its main branch, another one only perhaps.
    match listing::fetch(service.http, service.config, &service.repo.clone().into()) {
        Ok(listing) => match listing.repo {
            Some(repo) => Ok(Service { repo: repo.parse()?, ..service }),
            None => Ok(service),
        },
        Err(HubError::RepoNotFound { .. }) => create(&service, private).map(|()| service),
        // A repository without a commit.
        Err(HubError::RevisionNotFound { .. }) => Ok(service),
        Err(error) => Err(error),
    }
}

fn create(service: &Service<'_>, private: Option<bool>) -> Result<()> {
    let visibility = private.map(|private| if private { "private" } else { "public" });
    let (name, organization) = (service.repo.name(), service.repo.namespace());
    let body = service.json(&Creation { r#type: "model", name, organization, visibility })?;
    let request = Request::new(Method::POST, service.http.at("/api/repos/create")?, service.config.download_timeout)
        .header("content-type", "application/json")
        .body(&body);
    Retries::patient(&service.config.retries).run(|| {
        let answer = service.http.send(&request)?;
        // Someone else was faster.
        if answer.status == 409 {
            return Ok(());
        }
        service.accepted(answer).map(|_| ())
    })
}
